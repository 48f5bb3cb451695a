import pytest

# What a payload says beside the ids, by service: text, one number, text.
FIELDS = {
    "auth-service": {"auth_method", "mfa_used", "attempts"},
    "payment-service": {"payment_method", "currency", "amount"},
    "user-service": {"account_type", "locale", "fields"},
    "product-service": {"category", "in_stock", "product_id"},
    "order-service": {"order_status", "shipping", "order_id", "item_count"},
    "notification-service": {"channel", "template", "recipients", "priority"},
    "analytics-service": {"report_type", "period", "rows_scanned"},
    "search-service": {"query", "sort", "results_count", "page"},
}


@pytest.mark.parametrize("service", FIELDS)
def test_each_service_has_its_own_payload(sample, service):
    pairs = zip(sample.events, sample.payloads, strict=True)
    payloads = [payload for event, payload in pairs if event.source.service == service]

    assert payloads
    assert all(payload.keys() == {"correlation_id", "trace_id"} | FIELDS[service] for payload in payloads)


def test_amounts_are_money(sample):
    amounts = [payload["amount"] for payload in sample.payloads if "amount" in payload]

    assert all(1 <= amount < 2_401 and round(amount, 2) == amount for amount in amounts)
    assert len(set(amounts)) > len(amounts) / 4


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("/api/v1/auth/login", "auth_method", "password"),
        ("/api/v1/auth/token/refresh", "auth_method", "refresh_token"),
        ("/api/v1/orders/{order_id}/cancel", "order_status", "cancelled"),
        ("/api/v1/notifications/email", "channel", "email"),
        ("/api/v1/notifications/sms", "channel", "sms"),
        ("/api/v1/notifications/push", "channel", "push"),
    ],
)
def test_the_payload_says_what_the_route_says(sample, path, field, value):
    pairs = zip(sample.events, sample.payloads, strict=True)

    assert {payload[field] for event, payload in pairs if event.source.endpoint == path} == {value}
