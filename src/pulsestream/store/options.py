"""What the engine is told: once, and with each session."""

from __future__ import annotations

from pulsestream.store.port import QueryLimits

_INDEXES_SHARE = 32  # of the engine's memory, for what it remembers of its indexes: 18 MB at 10M events
# And for columns as they are read, which a dashboard asks for again and again: a day's errors cost 40 % less CPU so. A
# question that is about more events than would fit goes past them.
_BLOCKS_SHARE, _EVENT_BYTES = 16, 64
_SETTINGS: dict[str, object] = {
    "max_execution_time": 30,
    "timeout_overflow_mode": "throw",
    # The engine's own lines are valid; reading them in order costs a third less CPU than in parallel.
    "input_format_parallel_parsing": 0,
    "input_format_json_read_objects_as_strings": 1,
    "input_format_json_infer_incomplete_types_as_strings": 1,
    "input_format_skip_unknown_fields": 1,
    "input_format_json_ignore_unknown_keys_in_named_tuple": 1,
    "input_format_null_as_default": 0,
    "min_insert_block_size_bytes": 0,
    "max_insert_block_size": 1_048_576,
    "async_insert": 0,  # an insert that returns is stored
    "lightweight_deletes_sync": 1,
    "do_not_merge_across_partitions_select_final": 1,
    "use_query_condition_cache": 0,
}


def of_engine(memory_bytes: int) -> dict[str, str]:
    """Of one in this process, which may take so much."""
    return {
        "max_server_memory_usage": str(memory_bytes),
        # Else the filters of the ids are read and checked again for every id that is asked for.
        "index_uncompressed_cache_size": str(memory_bytes // _INDEXES_SHARE),
        "uncompressed_cache_size": str(memory_bytes // _BLOCKS_SHARE),
    }


def of_session(threads: int, limits: QueryLimits | None, *, memory_bytes: int) -> dict[str, object]:
    """Without limits it is no question's."""
    settings = _SETTINGS | {"max_threads": threads, "max_memory_usage": memory_bytes}
    if limits is not None:
        settings |= {
            "max_execution_time": limits.seconds_max,
            "max_rows_to_read": limits.rows_max,
            "max_memory_usage": min(limits.memory_bytes_max, memory_bytes),
            "use_uncompressed_cache": int(limits.repeated),
            "merge_tree_max_rows_to_use_cache": memory_bytes // _BLOCKS_SHARE // _EVENT_BYTES,
        }
    return settings
