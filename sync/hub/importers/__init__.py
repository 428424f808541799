"""What a county hands over: CNMARC files and tables of sites, items and patrons.

Readers here are pure: bytes in, values of the hub's catalogue or rejections out.
One bad record never stops the next one; `cli` and `load` put them into the database.
"""

from __future__ import annotations
