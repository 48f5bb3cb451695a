// Written by types.js from the OpenAPI document: change that, then `make web-types`.

export interface paths {
    "/api/v1/ingestion/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["send_event"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ingestion/events/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["send_batch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ingestion/events/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["search"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ingestion/events/tail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["tail"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ingestion/events/types": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["types"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ingestion/events/severities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["severities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ingestion/events/{event_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["event"];
        put?: never;
        post?: never;
        delete: operations["delete_event"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["query_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/event/{event_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["query_event"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/traces/{trace}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["query_trace"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/sessions/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["query_session"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/tail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["query_tail"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/pulse": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["query_pulse"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ingestion/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["query_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/timeseries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["timeseries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/top": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["top"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/facets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["facets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/histogram": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["histogram"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/heatmap": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["heatmap"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/geo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["geo"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/services": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["services"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["endpoints"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/errors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["errors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/fields": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["fields"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["complete_query"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ingestion/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ingestion/rate-limit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["rate_limit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ingestion/refusals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["refusals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_session"];
        put?: never;
        post: operations["open_session"];
        delete: operations["close_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_keys"];
        put?: never;
        post: operations["create_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["revoke_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_tenants"];
        put?: never;
        post: operations["create_tenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenants/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["delete_tenant"];
        options?: never;
        head?: never;
        patch: operations["update_tenant"];
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Problem: {
            title: string;
            status: number;
            detail: string;
            /** @enum {string} */
            code: "bad_parameters" | "bad_query" | "bad_request" | "cancelled" | "exists" | "forbidden" | "internal" | "method_not_allowed" | "not_found" | "overloaded" | "query_too_heavy" | "rate_limited" | "request_header_fields_too_large" | "request_timeout" | "store" | "too_large" | "too_many_requests" | "unauthorized" | "unsupported_encoding";
            retryable: boolean;
            /** @default about:blank */
            type: string;
            errors?: components["schemas"]["FieldError"][];
            retry_after_s?: number;
            events_max?: number;
            position?: number;
            length?: number;
            suggestion?: string;
            request_id?: string;
        };
        FieldError: {
            field: string;
            rule: string;
            value: string;
            help: string;
        };
        RefusedAnswer: {
            title: string;
            status: number;
            detail: string;
            code: components["schemas"]["Reason"];
            retryable: boolean;
            success: boolean;
            event_id: string | null;
            /** @enum {unknown} */
            processing_status: "duplicate" | "rejected" | "stored";
            reason: components["schemas"]["Reason"];
            errors: components["schemas"]["FieldError"][];
            /** @default about:blank */
            type: string;
        };
        /** @enum {unknown} */
        Reason: "conflict" | "deleted" | "in_future" | "invalid" | "malformed" | "overloaded" | "rate_limited" | "too_large" | "too_old";
        Event: {
            /** @enum {unknown} */
            event_type: "api_call" | "custom_event" | "error_event" | "system_event" | "user_action";
            title: string;
            source: components["schemas"]["Source"];
            /** @default null */
            event_id: string | null;
            /** @default null */
            timestamp: string | null;
            /** @default null */
            message: string | null;
            /**
             * @default info
             * @enum {unknown}
             */
            severity: "critical" | "error" | "info" | "warning";
            /** @default null */
            metrics: components["schemas"]["Metrics"] | null;
            /** @default null */
            context: components["schemas"]["Context"] | null;
            /** @default null */
            trace: components["schemas"]["Trace"] | null;
            /** @default null */
            error_details: components["schemas"]["ErrorDetails"] | null;
            /** @default null */
            payload: Record<string, never> | null;
            /** @default null */
            metadata: Record<string, never> | null;
        };
        Source: {
            service: string;
            endpoint: string;
            method: string;
            /** @default null */
            version: string | null;
            /** @default null */
            environment: string | null;
        };
        Metrics: {
            response_time_ms: number;
            status_code: number;
            /** @default null */
            request_size_bytes: number | null;
            /** @default null */
            response_size_bytes: number | null;
            /** @default null */
            cache_hit: boolean | null;
        };
        Context: {
            /** @default null */
            user_id: string | null;
            /** @default null */
            session_id: string | null;
            /** @default null */
            request_id: string | null;
            /** @default null */
            ip_address: string | null;
            /** @default null */
            user_agent: string | null;
            /** @default null */
            referrer: string | null;
            /** @default null */
            tags: {
                [key: string]: string;
            } | null;
        };
        Trace: {
            /** @default null */
            trace_id: string | null;
            /** @default null */
            span_id: string | null;
            /** @default null */
            parent_span_id: string | null;
        };
        ErrorDetails: {
            /** @default null */
            error_code: string | null;
            /** @default null */
            error_message: string | null;
            /** @default null */
            error_type: string | null;
            /** @default null */
            stack_trace: string | null;
        };
        SingleAnswer: {
            success: boolean;
            event_id: string | null;
            /** Format: date-time */
            ingested_at: string;
            /** @enum {unknown} */
            processing_status: "duplicate" | "rejected" | "stored";
            message: string;
            errors: components["schemas"]["FieldError"][];
            /** @enum {unknown} */
            ack: "durable" | "searchable";
            dry_run?: boolean;
            scrubbed?: string[];
        };
        BatchAnswer: {
            batch_id: string;
            total_events: number;
            successful_events: number;
            failed_events: number;
            stored: number;
            duplicate: number;
            rejected: number;
            /** Format: date-time */
            ingested_at: string;
            /** @enum {unknown} */
            processing_status: "completed" | "failed" | "partial";
            /** @enum {unknown} */
            ack: "durable" | "searchable";
            dry_run: boolean;
            results: components["schemas"]["Item"][];
        };
        Item: {
            index: number;
            event_id: string | null;
            /** @enum {unknown} */
            status: "duplicate" | "rejected" | "stored";
            line?: number;
            reason?: components["schemas"]["Reason"];
            errors?: components["schemas"]["FieldError"][];
            scrubbed?: string[];
        };
        SearchAnswer: {
            events: components["schemas"]["StoredEvent"][];
            total_count: number;
            filtered_count: number;
            has_more: boolean;
            next_cursor: string | null;
            search_id: string;
            execution_time_ms: number;
            fresh: boolean;
        };
        StoredEvent: {
            event_id: string;
            event_type: string;
            /** Format: date-time */
            timestamp: string;
            title: string;
            source: components["schemas"]["Source"];
            /** Format: date-time */
            received_at: string;
            /** @default null */
            message: string | null;
            /** @default null */
            severity: ("critical" | "error" | "info" | "warning") | null;
            /** @default null */
            metrics: components["schemas"]["Metrics"] | null;
            /** @default null */
            context: components["schemas"]["Context"] | null;
            /** @default null */
            trace: components["schemas"]["Trace"] | null;
            /** @default null */
            error_details: components["schemas"]["ErrorDetails"] | null;
            /** @default null */
            payload: Record<string, never> | null;
            /** @default null */
            metadata: Record<string, never> | null;
        };
        TailAnswer: {
            events: components["schemas"]["StoredEvent"][];
            next: string;
            has_more: boolean;
        };
        DeleteAnswer: {
            success: boolean;
            event_id: string;
            message: string;
        };
        Found: {
            events: components["schemas"]["StoredEvent"][];
            matched: number;
            has_more: boolean;
            next_cursor: string | null;
            basis: components["schemas"]["AnswerBasis"];
        };
        AnswerBasis: {
            start_time: string | null;
            end_time: string | null;
            events: number;
            exact: boolean;
            estimated: {
                [key: string]: string;
            };
            fresh: boolean;
            lag_s: number;
            took_ms: number;
        };
        Story: {
            events: components["schemas"]["StoredEvent"][];
            matched: number;
            has_more: boolean;
            next_cursor: string | null;
            /** Format: date-time */
            start_time: string;
            /** Format: date-time */
            end_time: string;
            duration_ms: number;
            services: string[];
            errors: number;
            basis: components["schemas"]["AnswerBasis"];
        };
        Pulse: {
            /** Format: date-time */
            at: string;
            position: number;
            events: number;
            lag_s: number;
            received: number;
            outcomes: {
                [key: string]: number;
            };
        };
        Stats: {
            total_events: number;
            events_today: number;
            events_this_hour: number;
            events_this_minute: number;
            last_event_at: string | null;
            processing_queue_size: number;
            error_rate: number;
            received: number;
            outcomes: {
                [key: string]: number;
            };
            reasons: {
                [key: string]: number;
            };
            requests_refused: {
                [key: string]: number;
            };
            deleted_events: number;
            expired_events: number;
            quarantined_events: number;
            fresh: boolean;
            searchable_lag_s: number;
            minutes: components["schemas"]["Minute"][];
        };
        Minute: {
            /** Format: date-time */
            minute: string;
            received: number;
            stored: number;
            duplicate: number;
            rejected: number;
            rate_limited: number;
            overloaded: number;
            reasons: {
                [key: string]: number;
            };
            cost: components["schemas"]["Cost"] | null;
        };
        Cost: {
            requests: number;
            seconds: {
                [key: string]: number;
            };
            p50_ms: number;
            p99_ms: number;
        };
        QueryStats: {
            received: number;
            outcomes: {
                [key: string]: number;
            };
            minutes: components["schemas"]["Minute"][];
            weeks: components["schemas"]["Week"][];
            store: components["schemas"]["Storage"] | null;
            fresh: boolean;
        };
        Week: {
            week: string;
            events: number;
        };
        Storage: {
            weeks: components["schemas"]["StoredWeek"][];
            columns: components["schemas"]["StoredColumn"][];
            estimated_events: number;
        };
        StoredWeek: {
            week: string;
            events: number;
            disk_bytes: number;
            compressed_bytes: number;
            uncompressed_bytes: number;
        };
        StoredColumn: {
            name: string;
            compressed_bytes: number;
            uncompressed_bytes: number;
        };
        TimeseriesAnswer: {
            step: string;
            times: string[];
            series: components["schemas"]["Series"][];
            groups_total: number;
            basis: components["schemas"]["AnswerBasis"];
        };
        Series: {
            group: {
                [key: string]: string | number | boolean | null;
            };
            other: boolean;
            values: {
                [key: string]: (number | null)[];
            };
        };
        TopAnswer: {
            groups: components["schemas"]["Group"][];
            groups_total: number;
            matched: number;
            other: components["schemas"]["Rest"] | null;
            basis: components["schemas"]["AnswerBasis"];
        };
        Group: {
            group: {
                [key: string]: string | number | boolean | null;
            };
            values: {
                [key: string]: number | null;
            };
            share: number;
        };
        Rest: {
            values: {
                [key: string]: number | null;
            };
            share: number;
        };
        FacetsAnswer: {
            facets: components["schemas"]["Facet"][];
            matched: number;
            basis: components["schemas"]["AnswerBasis"];
        };
        Facet: {
            field: string;
            values: components["schemas"]["Count"][];
            distinct: number;
            missing: number;
        };
        Count: {
            value: string | number | boolean | null;
            count: number;
        };
        HistogramAnswer: {
            field: string;
            unit: string;
            scale: string;
            bounds: (number | string)[];
            series: components["schemas"]["Counts"][];
            missing: number;
            matched: number;
            basis: components["schemas"]["AnswerBasis"];
        };
        Counts: {
            group: {
                [key: string]: string | number | boolean | null;
            };
            other: boolean;
            counts: number[];
        };
        HeatmapAnswer: {
            field: string;
            unit: string;
            scale: string;
            step: string;
            times: string[];
            bounds: number[];
            counts: number[][];
            missing: number;
            matched: number;
            basis: components["schemas"]["AnswerBasis"];
        };
        GeoAnswer: {
            places: components["schemas"]["Location"][];
            places_total: number;
            matched: number;
            basis: components["schemas"]["AnswerBasis"];
        };
        Location: {
            country?: string | null;
            region?: string | null;
            city?: string | null;
            values: {
                [key: string]: number | null;
            };
            share: number;
        };
        Services: {
            /** Format: date-time */
            start_time: string;
            /** Format: date-time */
            end_time: string;
            total: components["schemas"]["Red"];
            services: components["schemas"]["Service"][];
            services_total: number;
            previous: components["schemas"]["Window"] | null;
            last_week: components["schemas"]["Window"] | null;
            fresh: boolean;
            basis: components["schemas"]["AnswerBasis"];
        };
        Red: {
            requests: number;
            request_rate: number;
            requests_per_second: number;
            errors: number;
            error_rate: number | null;
            errors_5xx: number;
            rate_5xx: number | null;
            p50_ms: number | null;
            p95_ms: number | null;
            p99_ms: number | null;
            apdex: number | null;
            apdex_threshold_ms: number | null;
            last_seen: string | null;
            change: components["schemas"]["Changes"];
        };
        Changes: {
            previous: components["schemas"]["Change"] | null;
            last_week: components["schemas"]["Change"] | null;
        };
        Change: {
            requests: components["schemas"]["Compared"];
            request_rate: components["schemas"]["Compared"];
            errors: components["schemas"]["Compared"];
            error_rate: components["schemas"]["Compared"];
            rate_5xx: components["schemas"]["Compared"];
            p50_ms: components["schemas"]["Compared"];
            p95_ms: components["schemas"]["Compared"];
            p99_ms: components["schemas"]["Compared"];
            apdex: components["schemas"]["Compared"];
        };
        Compared: {
            before: number | null;
            change: number | null;
        };
        Service: {
            service: string;
            requests: number;
            request_rate: number;
            requests_per_second: number;
            errors: number;
            error_rate: number | null;
            errors_5xx: number;
            rate_5xx: number | null;
            p50_ms: number | null;
            p95_ms: number | null;
            p99_ms: number | null;
            apdex: number | null;
            apdex_threshold_ms: number | null;
            last_seen: string | null;
            change: components["schemas"]["Changes"];
            health: components["schemas"]["Standing"] | null;
            sparkline: components["schemas"]["Sparkline"];
        };
        Standing: {
            state: components["schemas"]["State"];
            reason: string;
        };
        /** @enum {unknown} */
        State: "degraded" | "failing" | "healthy" | "silent";
        Sparkline: {
            step: string;
            times: string[];
            requests: number[];
            errors: number[];
            p95_ms: (number | null)[];
        };
        Window: {
            /** Format: date-time */
            start_time: string;
            /** Format: date-time */
            end_time: string;
        };
        Endpoints: {
            total: components["schemas"]["Red"];
            endpoints: components["schemas"]["Endpoint"][];
            endpoints_total: number;
            previous: components["schemas"]["Window"] | null;
            last_week: components["schemas"]["Window"] | null;
            basis: components["schemas"]["AnswerBasis"];
        };
        Endpoint: {
            service: string;
            endpoint: string;
            method: string;
            requests: number;
            request_rate: number;
            requests_per_second: number;
            errors: number;
            error_rate: number | null;
            errors_5xx: number;
            rate_5xx: number | null;
            p50_ms: number | null;
            p95_ms: number | null;
            p99_ms: number | null;
            apdex: number | null;
            apdex_threshold_ms: number | null;
            last_seen: string | null;
            change: components["schemas"]["Changes"];
            health: components["schemas"]["Standing"] | null;
            sparkline: components["schemas"]["Sparkline"];
        };
        ErrorsAnswer: {
            groups: components["schemas"]["Failure"][];
            groups_total: number;
            matched: number;
            step: string;
            times: string[];
            compared_since: string | null;
            basis: components["schemas"]["AnswerBasis"];
        };
        Failure: {
            id: string;
            service: string;
            endpoint: string;
            method: string;
            status_code: number | null;
            message: string;
            count: number;
            users: number;
            /** Format: date-time */
            first_seen: string;
            /** Format: date-time */
            last_seen: string;
            new: boolean;
            trend: number[];
            example: string;
            example_message: string;
        };
        VersionsAnswer: {
            versions: components["schemas"]["Version"][];
            versions_total: number;
            basis: components["schemas"]["AnswerBasis"];
        };
        Version: {
            service: string;
            version: string;
            /** Format: date-time */
            first_seen: string;
            /** Format: date-time */
            last_seen: string;
            requests: number;
            errors: number;
            new: boolean;
        };
        FieldsAnswer: {
            fields: components["schemas"]["FieldRow"][];
            measures: components["schemas"]["MeasureRow"][];
            percentiles: components["schemas"]["MeasureRow"];
            exact_events_max: number;
        };
        FieldRow: {
            name: string;
            kind: components["schemas"]["Kind"];
            unit: string;
            help: string;
            aliases: string[];
            choices: string[];
            facet: boolean;
        };
        /** @enum {unknown} */
        Kind: "choice" | "flag" | "folded" | "group" | "number" | "text" | "time" | "word";
        MeasureRow: {
            name: string;
            unit: string;
            help: string;
            bound: string;
        };
        CompleteAnswer: {
            start: number;
            end: number;
            suggestions: components["schemas"]["Suggestion"][];
            basis: components["schemas"]["AnswerBasis"];
        };
        Suggestion: {
            text: string;
            kind: components["schemas"]["Sort"];
            detail: string;
            /** @default null */
            count: number | null;
        };
        /** @enum {unknown} */
        Sort: "field" | "operator" | "time" | "value";
        OperatorHealth: {
            /** @enum {unknown} */
            status: "degraded" | "healthy";
            version: string;
            uptime_seconds: number;
            problems: string[];
            last_position: number;
            searchable_position: number;
            waiting_events: number;
            journal_bytes: number;
            quarantined_events: number;
            corrupt_segments: number;
            unauthorized_requests: number;
            disk_free_bytes: number;
        };
        Health: {
            /** @enum {unknown} */
            status: "degraded" | "healthy";
            version: string;
            uptime_seconds: number;
        };
        RateLimit: {
            limit: number | null;
            remaining: number | null;
            reset_time: string | null;
            window_size_seconds: number | null;
            exceeded: boolean;
        };
        Refusals: {
            events: components["schemas"]["RefusedEvent"][];
            requests: components["schemas"]["RefusedRequest"][];
        };
        RefusedEvent: {
            reason: components["schemas"]["Reason"];
            /** @enum {unknown} */
            counted_as: "overloaded" | "rate_limited" | "rejected";
            http_status: number;
            retryable: boolean;
            meaning: string;
            help: string;
        };
        RefusedRequest: {
            code: string;
            http_status: number;
            retryable: boolean;
            meaning: string;
            help: string;
        };
        SessionAnswer: {
            signed_in: boolean;
            tenant: string | null;
            scopes: components["schemas"]["Scope"][];
            key: components["schemas"]["SessionKey"] | null;
            operator: boolean;
            csrf: string | null;
            demo_key: string | null;
            expires_at: string | null;
            version: string;
        };
        /** @enum {unknown} */
        Scope: "admin" | "ingest" | "read";
        SessionKey: {
            id: string;
            name: string;
            prefix: string;
        };
        SignIn: {
            key: string;
        };
        KeyList: {
            keys: components["schemas"]["KeyAnswer"][];
        };
        KeyAnswer: {
            id: string;
            prefix: string;
            tenant: string;
            name: string;
            scopes: components["schemas"]["Scope"][];
            /** Format: date-time */
            created_at: string;
            expires_at: string | null;
            last_used_at: string | null;
            revoked_at: string | null;
            key?: string;
        };
        NewKey: {
            scopes: components["schemas"]["Scope"][];
            /** @default  */
            name: string;
            /** @default null */
            expires_at: string | null;
            /** @default null */
            tenant: string | null;
        };
        TenantList: {
            tenants: components["schemas"]["TenantAnswer"][];
        };
        TenantAnswer: {
            name: string;
            /** Format: date-time */
            created_at: string;
            own: components["schemas"]["OwnLimits"];
            limits: components["schemas"]["LimitsInForce"];
            deleting: boolean;
        };
        OwnLimits: {
            /** @default null */
            rate_events_per_s: number | null;
            /** @default null */
            burst_events: number | null;
            /** @default null */
            retention_days: number | null;
            /** @default null */
            body_bytes_max: number | null;
            /** @default null */
            batch_events_max: number | null;
            /** @default null */
            requests_max: number | null;
            /** @default null */
            connections_max: number | null;
            /** @default null */
            scrub: string | null;
            /** @default null */
            apdex: string | null;
        };
        LimitsInForce: {
            rate_events_per_s: number | null;
            burst_events: number | null;
            retention_days: number | null;
            body_bytes_max: number;
            batch_events_max: number;
            requests_max: number;
            connections_max: number;
            scrub: string;
            apdex: string;
        };
        NewTenant: {
            name: string;
            /** @default {} */
            limits: components["schemas"]["OwnLimits"];
        };
        AuditLines: {
            lines: components["schemas"]["Line"][];
        };
        Line: {
            /** Format: date-time */
            at: string;
            tenant: string;
            actor: string;
            act: string;
            subject: string;
            detail: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    send_event: {
        parameters: {
            query?: {
                detail?: "all" | "errors" | "none";
                ack?: "durable" | "searchable";
                dry_run?: "false" | "true";
            };
            header?: {
                "Idempotency-Key"?: string;
                "Content-Encoding"?: "gzip" | "zstd" | "identity" | "";
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Event"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SingleAnswer"];
                };
            };
        };
    };
    send_batch: {
        parameters: {
            query?: {
                detail?: "all" | "errors" | "none";
                ack?: "durable" | "searchable";
                dry_run?: "false" | "true";
            };
            header?: {
                "Idempotency-Key"?: string;
                "Content-Encoding"?: "gzip" | "zstd" | "identity" | "";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    events: (components["schemas"]["Event"] | unknown)[];
                    batch_id?: unknown;
                } | (components["schemas"]["Event"] | unknown)[] | {
                    events?: never;
                };
                "application/x-ndjson": unknown;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchAnswer"];
                };
            };
        };
    };
    search: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
                cursor?: string;
                fresh?: boolean;
                event_type?: ("api_call" | "user_action" | "system_event" | "error_event" | "custom_event")[];
                severity?: ("info" | "warning" | "error" | "critical")[];
                service?: string[];
                endpoint?: string[];
                method?: string[];
                version?: string[];
                environment?: string[];
                status_code?: string[];
                user_id?: string[];
                session_id?: string[];
                request_id?: string[];
                ip_address?: string[];
                trace_id?: string[];
                error_code?: string[];
                error_type?: string[];
                tag?: string[];
                q?: string;
                start_time?: string;
                end_time?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchAnswer"];
                };
            };
        };
    };
    tail: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                event_type?: ("api_call" | "user_action" | "system_event" | "error_event" | "custom_event")[];
                severity?: ("info" | "warning" | "error" | "critical")[];
                service?: string[];
                endpoint?: string[];
                method?: string[];
                version?: string[];
                environment?: string[];
                status_code?: string[];
                user_id?: string[];
                session_id?: string[];
                request_id?: string[];
                ip_address?: string[];
                trace_id?: string[];
                error_code?: string[];
                error_type?: string[];
                tag?: string[];
                q?: string;
                start_time?: string;
                end_time?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TailAnswer"];
                };
            };
        };
    };
    types: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string[];
                };
            };
        };
    };
    severities: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string[];
                };
            };
        };
    };
    event: {
        parameters: {
            query?: {
                fresh?: boolean;
            };
            header?: never;
            path: {
                event_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoredEvent"];
                };
            };
        };
    };
    delete_event: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                event_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteAnswer"];
                };
            };
        };
    };
    query_events: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                sort?: string;
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Found"];
                };
            };
        };
    };
    query_event: {
        parameters: {
            query?: {
                fresh?: boolean;
            };
            header?: never;
            path: {
                event_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoredEvent"];
                };
            };
        };
    };
    query_trace: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path: {
                trace: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Story"];
                };
            };
        };
    };
    query_session: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path: {
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Story"];
                };
            };
        };
    };
    query_tail: {
        parameters: {
            query?: {
                last?: number;
                after?: string;
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
        };
    };
    query_pulse: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
        };
    };
    stats: {
        parameters: {
            query?: {
                fresh?: boolean;
                minutes?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stats"];
                };
            };
        };
    };
    query_stats: {
        parameters: {
            query?: {
                minutes?: number;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryStats"];
                };
            };
        };
    };
    timeseries: {
        parameters: {
            query?: {
                measures?: string;
                by?: string;
                step?: string;
                sort?: string;
                limit?: number;
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TimeseriesAnswer"];
                };
            };
        };
    };
    top: {
        parameters: {
            query?: {
                by?: string;
                measures?: string;
                sort?: string;
                limit?: number;
                other?: boolean;
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TopAnswer"];
                };
            };
        };
    };
    facets: {
        parameters: {
            query?: {
                fields?: string;
                limit?: number;
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FacetsAnswer"];
                };
            };
        };
    };
    histogram: {
        parameters: {
            query?: {
                field?: string;
                buckets?: number;
                scale?: "auto" | "log" | "linear";
                by?: string;
                limit?: number;
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HistogramAnswer"];
                };
            };
        };
    };
    heatmap: {
        parameters: {
            query?: {
                field?: string;
                step?: string;
                buckets?: number;
                scale?: "auto" | "log" | "linear";
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HeatmapAnswer"];
                };
            };
        };
    };
    geo: {
        parameters: {
            query?: {
                by?: "country" | "region" | "city";
                measures?: string;
                sort?: string;
                limit?: number;
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GeoAnswer"];
                };
            };
        };
    };
    services: {
        parameters: {
            query?: {
                sort?: string;
                limit?: number;
                compare?: boolean;
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Services"];
                };
            };
        };
    };
    endpoints: {
        parameters: {
            query?: {
                sort?: string;
                limit?: number;
                compare?: boolean;
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Endpoints"];
                };
            };
        };
    };
    errors: {
        parameters: {
            query?: {
                sort?: string;
                limit?: number;
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorsAnswer"];
                };
            };
        };
    };
    versions: {
        parameters: {
            query?: {
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionsAnswer"];
                };
            };
        };
    };
    export: {
        parameters: {
            query?: {
                format?: "ndjson" | "csv" | "parquet" | "arrow";
                q?: string;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.file": string;
                };
            };
        };
    };
    fields: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FieldsAnswer"];
                };
            };
        };
    };
    complete_query: {
        parameters: {
            query?: {
                q?: string;
                at?: number;
                start_time?: string;
                end_time?: string;
                tz?: string;
                fresh?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CompleteAnswer"];
                };
            };
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperatorHealth"] | components["schemas"]["Health"];
                };
            };
        };
    };
    rate_limit: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RateLimit"];
                };
            };
        };
    };
    refusals: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusals"];
                };
            };
        };
    };
    get_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
        };
    };
    open_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
        };
    };
    close_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
        };
    };
    list_keys: {
        parameters: {
            query?: {
                tenant?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
        };
    };
    create_key: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewKey"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyAnswer"];
                };
            };
        };
    };
    revoke_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyAnswer"];
                };
            };
        };
    };
    list_tenants: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantList"];
                };
            };
        };
    };
    create_tenant: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewTenant"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantAnswer"];
                };
            };
        };
    };
    delete_tenant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantAnswer"];
                };
            };
        };
    };
    update_tenant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OwnLimits"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantAnswer"];
                };
            };
        };
    };
    audit: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditLines"];
                };
            };
        };
    };
    openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
}
