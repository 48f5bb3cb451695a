-- A filter says name:value. Joined so here, it is compared as it stands, also where a name has a colon in it.
ALTER TABLE events MODIFY COLUMN tag_pairs Array(LowCardinality(String))
    MATERIALIZED arrayMap((name, value) -> concat(name, ':', value), mapKeys(tags), mapValues(tags));

ALTER TABLE events MATERIALIZE COLUMN tag_pairs SETTINGS mutations_sync = 2;
