"""The page that goes with an export: what is in which file, in Chinese and English."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sync.hub.county.export_tables import ExportedTable

TABLES = {
    "sites": ("服务点", "places where books are lent"),
    "site_history": ("服务点变更记录", "what sites were before"),
    "titles": ("书目", "bibliographic records"),
    "items": ("单册", "copies"),
    "item_parts": ("套书各件", "parts of sets"),
    "transfers": ("流转", "copies on their way between sites"),
    "boxes": ("流转箱", "rotation boxes"),
    "box_items": ("流转箱内图书", "what is in rotation boxes"),
    "rules": ("借阅规则各版本", "every signed version of the rules"),
    "devices": ("自助机", "kiosks"),
    "import_runs": ("导入记录", "imports so far"),
    "patrons": ("读者", "readers"),
    "credentials": ("读者证件", "cards and codes of readers"),
    "loans": ("借阅", "loans"),
    "holds": ("预约", "holds"),
    "hold_steps": ("预约处理经过", "what was done for holds"),
    "hold_bars": ("暂停预约的读者", "readers whose holds are suspended"),
    "cases": ("待办事项", "cases for staff"),
    "case_steps": ("待办处理经过", "what staff did about cases"),
    "facts": ("流通事实", "loans, returns, renewals and holds as recorded"),
    "events": ("设备事件原文", "events as kiosks sent them"),
    "event_copies": ("重复记录的事件", "where events were recorded anew"),
    "quarantine": ("停用设备的事件", "events of revoked devices"),
    "kiosk_heads": ("设备记录进度", "how far each kiosk's events are here"),
    "boots": ("设备启动记录", "boots of kiosks"),
    "clock_pairs": ("时钟对照", "what ties clocks to true time"),
    "audit_log": ("操作日志", "who changed what"),
    "users": ("工作人员账户", "staff accounts"),
    "sip2_accounts": ("其他自助机账户", "accounts of other self-service machines"),
    "library_tasks": ("图书馆系统队列", "what goes to the library system"),
}
COLUMNS = {
    "site_id": ("站点代码", "site"),
    "name": ("名称", "name"),
    "short_name": ("简称", "short name, for slips"),
    "level": ("级别", "HUB, BRANCH or POINT"),
    "parent": ("上级站点", "site above"),
    "isil": ("机构代码", "ISIL"),
    "keeper": ("管理员", "keeper"),
    "phone": ("电话", "telephone"),
    "opens": ("开门时间", "opens at"),
    "closes": ("关门时间", "closes at"),
    "title_id": ("记录号", "id of the title"),
    "title": ("题名", "title"),
    "author": ("责任者", "author"),
    "publisher": ("出版者", "publisher"),
    "year": ("出版年", "year of publication"),
    "isbn": ("ISBN", "ISBN-13 without hyphens"),
    "clc": ("中图分类号", "Chinese Library Classification"),
    "barcode": ("条码号", "barcode of the copy"),
    "item": ("条码号", "barcode of the copy"),
    "item_type": ("文献类型", "type of the copy"),
    "state": ("状态", "state"),
    "owner": ("所属馆", "ISIL of the owning library"),
    "home_site": ("馆藏地", "where it belongs"),
    "current_site": ("当前位置", "where it is"),
    "adult_only": ("限成人", "1: not for minors"),
    "parts": ("件数", "number of parts"),
    "tag_uid": ("标签序列号", "UID of the tag"),
    "patron_ref": ("读者内部编号", "internal id of the reader"),
    "number": ("读者证号", "card number; in other tables a count"),
    "patron_type": ("读者类型", "type of the reader"),
    "expires_on": ("有效期至", "valid until"),
    "birth_year": ("出生年", "year of birth"),
    "card_uid": ("卡片序列号", "chips of cards, separated by ;"),
    "qr": ("读者码", "codes, separated by ;"),
    "guardian": ("监护人", "patron_ref of the guardian"),
    "loan_limit": ("可借册数", "limit of this reader's own"),
    "loan_ref": ("借阅编号", "id of the loan, made at the kiosk"),
    "loaned_at": ("借出时间", "lent at"),
    "due_on": ("应还日期", "due on"),
    "renewed": ("续借次数", "times renewed"),
    "loan_site": ("借出地点", "lent at site"),
    "returned_at": ("归还时间", "returned at"),
    "return_site": ("归还地点", "returned to site"),
    "placed_at": ("预约时间", "placed at"),
    "kiosk_id": ("设备编号", "kiosk"),
    "event_id": ("事件编号", "id of the event"),
    "received_at": ("收到时间", "received at"),
    "verdict": ("处理结果", "verdict, JSON"),
    "body": ("原文", "as received, JSON"),
    "kind": ("种类", "kind"),
    "text": ("号码", "number or chip, normalised"),
    "version": ("版本", "version"),
    "created_at": ("建立时间", "made at"),
    "note": ("备注", "note"),
    "role": ("角色", "role"),
    "from_site": ("发出站点", "from where"),
    "to_site": ("去往站点", "to where"),
    "box_id": ("箱号", "number of the box"),
    "destination": ("去往站点", "where it goes"),
    "back_by": ("应回日期", "when it should be back"),
    "missing_at": ("清点缺少时间", "when it was found missing"),
}

_HEAD = """# 全县数据导出 · Export of the county's data

导出时间 made at: {made_at}

- 每张表有两份：`.csv`（UTF-8，首行为列名）和 `.jsonl`（每行一个 JSON 对象）。
  Each table comes twice: as `.csv` (UTF-8, heading first) and as `.jsonl`.
- 时间为 UTC；日期为县内日历日；是/否写作 1/0；空单元格表示没有。
  Times are UTC, dates are days in the county, yes and no are 1 and 0.
- `titles-cnmarc.mrc`、`titles-marc21.mrc`：书目和单册，ISO 2709，UTF-8。
  Titles with their copies as ISO 2709 records in UTF-8.
- `manifest.json`：各文件的行数和 SHA-256；没有它就是没有导完。
  Rows and SHA-256 of each file; without it the export was not finished.
- 重新导入 to take it back in: `tongjie hub import sites sites.csv`,
  `titles titles.csv`, `items items.csv`, `patrons patrons.csv`.
"""


def readme(tables: Sequence[ExportedTable], now: dt.datetime) -> str:
    """The page for these tables. A column that explains itself stands by its name."""
    made_at = now.astimezone(dt.UTC).isoformat(timespec="seconds")
    return "\n".join([_HEAD.format(made_at=made_at), *map(_section, tables)])


def _section(table: ExportedTable) -> str:
    chinese, english = TABLES.get(table.name, ("", ""))
    lines = [f"## {table.name} · {chinese} · {english}", ""]
    for name in table.columns:
        words = " · ".join(COLUMNS.get(name, ()))
        lines.append(f"- `{name}` {words}".rstrip())
    return "\n".join([*lines, ""])
