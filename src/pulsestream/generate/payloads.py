"""What the services put into `payload`, beside the ids of the call: text, one number, text."""

from __future__ import annotations

from itertools import product

from msgspec import Struct

from pulsestream.generate.world import Operation


class Shape(Struct, frozen=True):
    """`before` + a whole number from `low` to `high` + `after`, JSON members of the payload object.

    `skewed` numbers crowd at the low end, as amounts and counts do; ids do not.
    """

    before: tuple[str, ...]
    low: int
    high: int
    skewed: bool
    after: tuple[str, ...]


def fraction(hundredths: int) -> str:
    """Two decimals as JSON writers print them: .5, not .50."""
    return f".{hundredths:02d}".rstrip("0") if hundredths else ".0"


_CENTS = tuple(map(fraction, range(100)))


def _each(template: str, *choices: tuple[str, ...]) -> tuple[str, ...]:
    """The template with its $ signs replaced, in turn, by every combination of the choices."""
    pieces = template.split("$")
    return tuple(
        pieces[0] + "".join(word + piece for word, piece in zip(words, pieces[1:], strict=True))
        for words in product(*choices)
    )


SHAPES = {
    "auth-service": Shape(
        _each(
            '"auth_method":"$","mfa_used":$,"attempts":',
            ("password", "oauth2", "sso", "api_key", "refresh_token"),
            ("false", "false", "true"),
        ),
        1,
        4,
        skewed=True,
        after=("",),
    ),
    "payment-service": Shape(
        _each(
            '"payment_method":"$","currency":"$","amount":',
            ("credit_card", "credit_card", "debit_card", "paypal", "apple_pay", "bank_transfer"),
            ("USD", "USD", "USD", "EUR", "EUR", "GBP", "CAD", "INR", "BRL"),
        ),
        1,
        2_400,
        skewed=True,
        after=_CENTS,
    ),
    "user-service": Shape(
        _each(
            '"account_type":"$","locale":"$","fields":',
            ("free", "free", "premium", "business"),
            ("en-US", "en-US", "en-GB", "de-DE", "fr-FR", "ja-JP", "pt-BR", "hi-IN"),
        ),
        1,
        24,
        skewed=True,
        after=("",),
    ),
    "product-service": Shape(
        _each(
            '"category":"$","in_stock":$,"product_id":"prod_',
            ("electronics", "clothing", "books", "home", "sports", "toys", "beauty", "groceries"),
            ("true", "true", "true", "false"),
        ),
        10_000,
        99_999,
        skewed=False,
        after=('"',),
    ),
    "order-service": Shape(
        _each(
            '"order_status":"$","shipping":"$","order_id":"ord_',
            ("pending", "confirmed", "confirmed", "shipped", "delivered", "delivered", "cancelled"),
            ("standard", "standard", "express", "pickup"),
        ),
        1_000_000,
        9_999_999,
        skewed=False,
        after=tuple(f'","item_count":{count}' for count in (1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8, 12)),
    ),
    "notification-service": Shape(
        _each(
            '"channel":"$","template":"$","recipients":',
            ("email", "email", "push", "push", "sms"),
            ("order_confirmation", "order_shipped", "password_reset", "weekly_digest", "price_drop"),
        ),
        1,
        40,
        skewed=True,
        after=tuple(f',"priority":"{word}"' for word in ("normal", "normal", "normal", "high", "low")),
    ),
    "analytics-service": Shape(
        _each(
            '"report_type":"$","period":"$","rows_scanned":',
            ("traffic", "conversion", "revenue", "retention", "funnel"),
            ("1h", "24h", "24h", "7d", "30d", "90d"),
        ),
        800,
        4_000_000,
        skewed=True,
        after=("",),
    ),
    "search-service": Shape(
        _each(
            '"query":"$","sort":"$","results_count":',
            (
                "wireless headphones", "running shoes", "coffee grinder", "usb-c cable", "desk lamp",
                "winter jacket", "board games", "garden hose", "phone case", "novel",
            ),
            ("relevance", "relevance", "price", "newest"),
        ),
        0,
        1_200,
        skewed=True,
        after=tuple(f',"page":{page}' for page in (1, 1, 1, 1, 1, 2, 2, 3, 4)),
    ),
}  # fmt: skip

# Where the route already says it, the payload says the same.
_SAID_BY_ROUTE = {
    "/api/v1/auth/login": '"auth_method":"password"',
    "/api/v1/auth/token/refresh": '"auth_method":"refresh_token"',
    "/api/v1/orders/{order_id}/cancel": '"order_status":"cancelled"',
    "/api/v1/orders/{order_id}/tracking": '"order_status":"shipped"',
    "/api/v1/notifications/email": '"channel":"email"',
    "/api/v1/notifications/sms": '"channel":"sms"',
    "/api/v1/notifications/push": '"channel":"push"',
}


def before(operation: Operation, service: str) -> tuple[str, ...]:
    """The openings of the payload that fit the operation."""
    said = _SAID_BY_ROUTE.get(operation.route.path, "")
    return tuple(text for text in SHAPES[service].before if said in text)
