"""How calls fail: which statuses, how slow they are, and what they say."""

from __future__ import annotations

from msgspec import Struct


class Failure(Struct, frozen=True):
    """One way a call fails. `weight` is relative among the failures of the same status."""

    status: int
    severity: str
    error_type: str
    code: str
    message: str
    weight: float = 1.0


# A failed call takes this many times what the same call takes when it succeeds: refusals are found early or
# late, faults come after retries, a gateway time-out after all the patience there was.
SLOWNESS = {
    400: 1.1, 401: 1.05, 403: 1.05, 404: 1.05, 409: 1.4, 422: 1.25, 429: 1.05,
    500: 2.0, 502: 2.4, 503: 2.2, 504: 4.5,
}  # fmt: skip

STATUSES = tuple(SLOWNESS)

# Relative weights of the error statuses, in the order of STATUSES; see `weight` for what a method rules out.
#                         400 401 403 404 409 422 429 500 502 503 504
_MIX = {
    "auth-service":         (10, 46, 12,  4,  4,  8,  8,  4,  1,  2,  1),
    "payment-service":      (10,  5,  4,  6,  8, 34,  4, 12,  6,  5,  6),
    "user-service":         (14, 12, 10, 34,  8, 10,  3,  5,  1,  2,  1),
    "product-service":      (12,  6,  6, 48,  5,  8,  4,  6,  2,  2,  1),
    "order-service":        (12,  7,  5, 20, 16, 18,  3,  9,  3,  4,  3),
    "notification-service": (14,  5,  4, 10,  2, 14, 22, 10,  7,  8,  4),
    "analytics-service":    (20,  8,  8, 10,  1,  8, 10, 14,  3,  6, 12),
    "search-service":       (30,  5,  3,  6,  1,  8, 20, 10,  4,  7,  6),
}  # fmt: skip
# While something is broken: mostly faults, whoever asks.
_BURST = (2, 1, 0, 2, 1, 2, 8, 30, 16, 26, 12)

_FAILURES = (
    Failure(400, "warning", "BadRequestError", "INVALID_REQUEST", "Request body is not valid JSON"),
    Failure(400, "warning", "BadRequestError", "MISSING_PARAMETER", "A required parameter is missing"),
    Failure(400, "warning", "BadRequestError", "INVALID_PARAMETER", "A query parameter has the wrong format"),
    Failure(401, "warning", "AuthenticationError", "TOKEN_EXPIRED", "Access token has expired", 3),
    Failure(401, "warning", "AuthenticationError", "TOKEN_INVALID", "Access token could not be verified"),
    Failure(401, "warning", "AuthenticationError", "CREDENTIALS_MISSING", "Authentication is required"),
    Failure(403, "warning", "AuthorizationError", "ACCESS_DENIED", "Caller may not use this resource", 2),
    Failure(403, "warning", "AuthorizationError", "SCOPE_INSUFFICIENT", "Token lacks the required scope"),
    Failure(404, "warning", "NotFoundError", "RESOURCE_NOT_FOUND", "The requested resource was not found"),
    Failure(409, "warning", "ConflictError", "VERSION_CONFLICT", "Resource was changed by another request", 2),
    Failure(409, "warning", "ConflictError", "ALREADY_EXISTS", "A resource with this key already exists"),
    Failure(422, "warning", "ValidationError", "VALIDATION_FAILED", "One or more fields failed validation"),
    Failure(429, "warning", "RateLimitError", "RATE_LIMITED", "Too many requests; retry later"),
    Failure(500, "error", "InternalServerError", "INTERNAL_ERROR", "An unexpected error occurred", 3),
    Failure(500, "error", "DatabaseError", "DATABASE_ERROR", "Database query failed", 2),
    Failure(500, "error", "NullReferenceError", "UNHANDLED_EXCEPTION", "Unhandled exception in handler"),
    Failure(502, "error", "BadGatewayError", "UPSTREAM_INVALID", "Upstream sent an invalid response"),
    Failure(502, "error", "BadGatewayError", "UPSTREAM_RESET", "Connection to upstream was reset"),
    Failure(503, "error", "ServiceUnavailableError", "OVERLOADED", "Service is overloaded; retry later", 2),
    Failure(503, "critical", "ServiceUnavailableError", "CIRCUIT_OPEN", "Circuit breaker is open"),
    Failure(504, "error", "GatewayTimeoutError", "UPSTREAM_TIMEOUT", "Upstream did not answer in time", 4),
    Failure(504, "critical", "GatewayTimeoutError", "DATABASE_TIMEOUT", "Database did not answer in time"),
)

# Instead of the general ones, where a service has its own words.
_OWN = {
    ("auth-service", 401): (
        Failure(401, "warning", "AuthenticationError", "INVALID_CREDENTIALS", "Wrong name or password", 5),
        Failure(401, "warning", "AuthenticationError", "TOKEN_EXPIRED", "Access token has expired", 3),
        Failure(401, "warning", "AuthenticationError", "MFA_REQUIRED", "A second factor is required"),
    ),
    ("payment-service", 422): (
        Failure(422, "warning", "PaymentError", "CARD_DECLINED", "Card was declined by the issuer", 5),
        Failure(422, "warning", "PaymentError", "INSUFFICIENT_FUNDS", "Account has insufficient funds", 3),
        Failure(422, "warning", "PaymentError", "CARD_EXPIRED", "Card has expired"),
    ),
    ("payment-service", 502): (
        Failure(502, "error", "PaymentGatewayError", "PROCESSOR_ERROR", "Payment processor sent an error"),
    ),
    ("payment-service", 504): (
        Failure(504, "critical", "PaymentGatewayError", "PROCESSOR_TIMEOUT", "Payment processor timed out"),
    ),
    ("order-service", 409): (
        Failure(409, "warning", "ConflictError", "OUT_OF_STOCK", "An item is no longer in stock", 3),
        Failure(409, "warning", "ConflictError", "ORDER_CLOSED", "Order can no longer be changed"),
    ),
    ("notification-service", 422): (
        Failure(422, "warning", "ValidationError", "RECIPIENT_INVALID", "Recipient address is not valid"),
    ),
    ("notification-service", 502): (
        Failure(502, "error", "ProviderError", "PROVIDER_REJECTED", "Message provider refused the message"),
    ),
    ("search-service", 400): (
        Failure(400, "warning", "QuerySyntaxError", "QUERY_INVALID", "Search query could not be parsed"),
    ),
}  # fmt: skip


def failures(service: str) -> tuple[Failure, ...]:
    """Every way a call to the service fails."""
    general = [f for f in _FAILURES if (service, f.status) not in _OWN]
    own = [f for (name, _), several in _OWN.items() if name == service for f in several]
    return tuple(sorted(general + own, key=lambda f: f.status))


def weight(failure: Failure, *, service: str, method: str, path: str, burst: bool) -> float:
    """The relative weight of a failure for one operation; in a burst, faults rule.

    Only writes conflict or fail validation, and what is not there was named in the path.
    """
    status = failure.status
    mix = _BURST if burst else _MIX[service]
    value = mix[STATUSES.index(status)] * failure.weight
    value /= sum(f.weight for f in failures(service) if f.status == status)
    if status in (409, 422) and method in ("GET", "DELETE"):
        return 0.0 if method == "GET" else value / 4
    if status == 404 and "{" not in path:  # noqa: PLR2004 - the status
        return value / 8
    return value
