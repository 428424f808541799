-- A county's rows for `big_county.py`; n counts them.

CREATE FUNCTION pg_temp.point(n bigint, points integer) RETURNS text LANGUAGE sql AS
$$ SELECT 'P' || lpad((n %% points)::text, 5, '0') $$;

CREATE FUNCTION pg_temp.item(n bigint, items integer) RETURNS text LANGUAGE sql AS
$$ SELECT 'YL' || lpad((n %% items)::text, 10, '0') $$;

CREATE FUNCTION pg_temp.patron(n bigint, patrons integer) RETURNS text LANGUAGE sql AS
$$ SELECT 'reader-' || n %% patrons $$;

CREATE FUNCTION pg_temp.ago(years float) RETURNS timestamp LANGUAGE sql AS
$$ SELECT now() AT TIME ZONE 'UTC' - interval '1 year' * years $$;

-- Signs that look thrown like dice, the same ones each time.
CREATE FUNCTION pg_temp.sign(n bigint, place integer) RETURNS text LANGUAGE sql AS
$$ SELECT substr(signs, 1 + (hashtext(n || '/' || place) & 65535) %% length(signs), 1)
FROM (SELECT '春秋山河人家故事中国历史文化农业技术小说诗歌教育儿童科学生活健康植物动物世界地理经济法律天地水火风云红楼西游水浒三国儒林围城边城骆驼祥子' AS signs) AS every $$;

CREATE FUNCTION pg_temp.signs(n bigint, first integer, count integer) RETURNS text
LANGUAGE sql AS
$$ SELECT string_agg(pg_temp.sign(n, place), '' ORDER BY place)
FROM generate_series(first, first + count - 1) AS place $$;

INSERT INTO sites (site_id, name, short_name, level, parent, isil, keeper,
    phone, opens, closes, kind)
SELECT 'T' || n, '第' || n || '镇分馆', '第' || n || '镇', 'BRANCH', NULL, '', '',
    '', '', '', ''
FROM generate_series(0, %(points)s / 40) n;

INSERT INTO sites (site_id, name, short_name, level, parent, isil, keeper,
    phone, opens, closes, kind)
SELECT pg_temp.point(n, %(points)s), '第' || n || '村借阅点', '第' || n || '村', 'POINT', 'T' || n / 40,
    '', '', '', '', '', 'village_centre'
FROM generate_series(0, %(points)s - 1) n;

INSERT INTO devices (kiosk_id, site_id, public_key, hostname, state,
    enrolled_at, last_seen_at, heartbeat)
SELECT 'k' || n, pg_temp.point(n, %(points)s), 'key-' || n, '', 'active', pg_temp.ago(1),
    now() AT TIME ZONE 'UTC' - interval '1 minute' * (n %% 20) * (n %% 20) * 20,
    '{"version":"26.11.0","pending":' || n %% 7 || ',"epoch":"e1","seq":9}'
FROM generate_series(0, %(points)s - 1) n;

INSERT INTO titles (title_id, title, author, publisher, year, isbn, clc)
SELECT 'YL' || lpad(n::text, 8, '0'), pg_temp.signs(n, 0, 6), pg_temp.signs(n, 6, 3), '作家出版社',
    (1980 + n %% 46)::text, '', 'I' || 200 + n %% 90
FROM generate_series(0, %(titles)s - 1) n;

INSERT INTO search_terms (kind, term, key)
SELECT DISTINCT 't', substr(said, at, size), title_id
FROM (SELECT title_id, title AS said FROM titles
    UNION ALL SELECT title_id, author FROM titles) AS texts,
    generate_series(1, length(said)) AS at, generate_series(1, 2) AS size
WHERE at + size <= length(said) + 1 AND (size = 2 OR at = 1);

INSERT INTO items (barcode, title_id, item_type, state, owner, home_site,
    current_site, adult_only, parts)
SELECT pg_temp.item(n, %(items)s), 'YL' || lpad((n %% %(titles)s)::text, 8, '0'), 'BOOK', 'lendable',
    'CN-629900-1-YLT', pg_temp.point(n, %(points)s),
    CASE WHEN n %% 100 = 0 THEN 'P00001' ELSE pg_temp.point(n, %(points)s) END, false, 1
FROM generate_series(0, %(items)s - 1) n;

INSERT INTO patrons (patron_ref, number, name, patron_type, state, phone)
SELECT pg_temp.patron(n, %(patrons)s), 'R6299' || lpad(n::text, 8, '0'), '张' || pg_temp.signs(n, 1, 2),
    'ADULT', 'valid', ''
FROM generate_series(0, %(patrons)s - 1) n;

INSERT INTO search_terms (kind, term, key)
SELECT DISTINCT 'p', substr(name, at, size), number
FROM patrons, generate_series(1, length(name)) AS at, generate_series(1, 2) AS size
WHERE at + size <= length(name) + 1 AND (size = 2 OR at = 1);

INSERT INTO credentials (digest, patron_ref, kind, text)
SELECT md5(number), patron_ref, 'number', number FROM patrons;

INSERT INTO events (event_id, kiosk_id, epoch, seq, hash, prev_hash, kind, body,
    received_at)
SELECT 'event-' || n, 'k' || n %% %(points)s, 'e1', n, md5(n::text), '', 'CHECKOUT',
    '{"item":"' || pg_temp.item(n, %(items)s) || '","patron_ref":"' || pg_temp.patron(n, %(patrons)s) || '"}', pg_temp.ago(1 - n::float / %(events)s)
FROM generate_series(1, %(events)s) n;

INSERT INTO facts (fact_id, item, move, standing, recorded_at, recorded_clock,
    at, earliest, latest, clock, boot_id, monotonic_ns, kiosk_id, epoch, seq,
    site_id, patron_ref, loan_ref, title_id, withdrawn, believed, received_at,
    records)
SELECT 'event-' || n, pg_temp.item(n, %(items)s), CASE WHEN n %% 2 = 0 THEN 'lend' ELSE 'return' END,
    'firm', pg_temp.ago(1 - n::float / %(events)s), 'synced', pg_temp.ago(1 - n::float / %(events)s), pg_temp.ago(1 - n::float / %(events)s), pg_temp.ago(1 - n::float / %(events)s), 'synced', 'boot-1', n,
    'k' || n %% %(points)s, 'e1', n, pg_temp.point(n, %(points)s), pg_temp.patron(n, %(patrons)s), 'loan-' || n, '', false,
    true, pg_temp.ago(1 - n::float / %(events)s), '{}'
FROM generate_series(1, %(events)s) n;

INSERT INTO loans (loan_id, loan_ref, item, patron_ref, loaned_at, due_on,
    renewed, loan_site, returned_at, return_site, closed_by, how_closed)
SELECT 'event-' || n, 'loan-' || n, pg_temp.item(n, %(items)s), pg_temp.patron(n, %(patrons)s), pg_temp.ago(1 - n::float / %(events)s),
    (pg_temp.ago(1 - n::float / %(events)s))::date + 30, 0, pg_temp.point(n, %(points)s), back, CASE WHEN back IS NULL THEN NULL
    ELSE pg_temp.point(n, %(points)s) END, '', CASE WHEN back IS NULL THEN NULL ELSE 'returned' END
FROM (SELECT n, CASE WHEN n %% 16 = 0 THEN NULL
        ELSE least(pg_temp.ago(1 - n::float / %(events)s) + interval '9 days', now() AT TIME ZONE 'UTC') END AS back
    FROM generate_series(2, %(events)s, 2) n) AS lent;

INSERT INTO cases (case_id, kind, severity, state, item, patron_ref, event_id,
    kiosk_id, site_id, sides, opened_at, note)
SELECT 'case-' || n,
    (ARRAY['loan_displaced', 'lent_against_rules', 'patron_unknown'])[1 + n %% 3],
    (ARRAY['low', 'medium', 'high'])[1 + n %% 3],
    CASE WHEN n %% 10 = 0 THEN 'open' ELSE 'settled' END, pg_temp.item(n, %(items)s), pg_temp.patron(n, %(patrons)s),
    'event-' || n, 'k' || n %% %(points)s, pg_temp.point(n, %(points)s),
    '{"event":{"event_id":"event-' || n || '"}}',
    pg_temp.ago((1 - n::float / %(cases)s)), ''
FROM generate_series(1, %(cases)s) n;

INSERT INTO holds (hold_id, title_id, item, patron_ref, site_id, placed_at, state,
    since)
SELECT 'hold-' || n, 'YL' || lpad((n * 7 %% %(titles)s)::text, 8, '0'), '', pg_temp.patron(n, %(patrons)s),
    pg_temp.point(n, %(points)s), pg_temp.ago(0.1), 'waiting', pg_temp.ago(0.1)
FROM generate_series(1, %(waiting)s) n;

INSERT INTO transfers (transfer_id, item, from_site, to_site, reason, because,
    opened_at, opened_by, sent_at, sent_by, received_by, state, ended_by)
SELECT 'line-' || n, pg_temp.item(n, %(items)s), pg_temp.point(n, %(points)s), 'P00001', 'hold', '', pg_temp.ago(0.1),
    '', pg_temp.ago(0.05), 'liu', '',
    CASE WHEN n %% 2 = 0 THEN 'wanted' ELSE 'sent' END, ''
FROM generate_series(1, %(waiting)s) n;
