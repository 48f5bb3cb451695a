"""The imagined company: its services and their routes, its cities, its users' devices.

The figures (error rates, mean response times, shares) are those of the product's description; the rest is
chosen to look like the traffic of a shop. Nothing here draws anything: `draw` does, from these tables.
"""

from __future__ import annotations

from msgspec import Struct


class Route(Struct, frozen=True):
    """One route template. `popularity` is relative within its service, `slowness` to the service's time.

    `answers` gives each method it takes the status of its success.
    """

    path: str
    popularity: float
    slowness: float
    answers: dict[str, int]


class Service(Struct, frozen=True):
    """`share` of all calls; `error_rate` a fraction; `mean_ms` over all its calls, failed and slow ones too.

    `version`: major and minor in January of VERSION_YEAR.
    """

    name: str
    share: float
    error_rate: float
    mean_ms: float
    version: tuple[int, int]
    routes: tuple[Route, ...]


class City(Struct, frozen=True):
    """`share` of its region's calls."""

    name: str
    country: str
    region: str
    zone: str
    share: float


class Device(Struct, frozen=True):
    name: str
    share: float
    user_agents: tuple[str, ...]


def _routes(prefix: str, *rows: tuple[str, float, float, dict[str, int]]) -> tuple[Route, ...]:
    return tuple(Route(prefix + path, popularity, slow, answers) for path, popularity, slow, answers in rows)


# The shares make the services' error rates average to 2.57 %: 97.4 % of all calls succeed.
SERVICES = (
    Service(
        "auth-service", 0.14, 0.020, 150.0, (3, 4),
        _routes(
            "/api/v1/auth",
            ("/login", 9, 1.3, {"POST": 200}),
            ("/logout", 3, 0.5, {"POST": 204}),
            ("/register", 1, 1.6, {"POST": 201}),
            ("/token/refresh", 6, 0.7, {"POST": 200}),
            ("/token/verify", 10, 0.4, {"GET": 200}),
            ("/password", 0.5, 1.2, {"POST": 202, "PUT": 204}),
            ("/mfa", 1, 1.1, {"GET": 200, "POST": 201, "DELETE": 204}),
            ("/sessions", 3, 0.8, {"GET": 200, "DELETE": 204}),
            ("/sessions/{session_id}", 2, 0.7, {"GET": 200, "PATCH": 200, "DELETE": 204}),
        ),
    ),
    Service(
        "payment-service", 0.12, 0.050, 450.0, (1, 8),
        _routes(
            "/api/v1/payments",
            ("", 6, 1.1, {"GET": 200, "POST": 201}),
            ("/{payment_id}", 6, 0.6, {"GET": 200, "PATCH": 200}),
            ("/capture", 4, 1.5, {"POST": 200}),
            ("/{payment_id}/refund", 1, 1.7, {"POST": 201}),
            ("/{payment_id}/cancel", 0.7, 1.2, {"POST": 200}),
            ("/methods", 4, 0.6, {"GET": 200, "POST": 201}),
            ("/methods/{method_id}", 2, 0.7, {"GET": 200, "PUT": 200, "PATCH": 200, "DELETE": 204}),
            ("/webhooks", 2, 0.8, {"POST": 202}),
        ),
    ),
    Service(
        "user-service", 0.14, 0.010, 85.0, (2, 11),
        _routes(
            "/api/v1/users",
            ("", 2, 1.5, {"GET": 200, "POST": 201}),
            ("/me", 10, 0.7, {"GET": 200, "PATCH": 200}),
            ("/{user_id}", 6, 0.8, {"GET": 200, "PUT": 200, "PATCH": 200, "DELETE": 204}),
            ("/{user_id}/profile", 5, 0.9, {"GET": 200, "PUT": 200, "PATCH": 200}),
            ("/{user_id}/preferences", 4, 0.8, {"GET": 200, "PUT": 200, "PATCH": 200}),
            ("/{user_id}/avatar", 2, 1.9, {"GET": 200, "PUT": 204, "DELETE": 204}),
            ("/{user_id}/addresses", 3, 0.9, {"GET": 200, "POST": 201}),
            ("/{user_id}/addresses/{address_id}", 1, 0.8, {"PUT": 200, "DELETE": 204}),
            ("/{user_id}/activity", 2, 2.2, {"GET": 200}),
        ),
    ),
    Service(
        "product-service", 0.14, 0.015, 120.0, (4, 2),
        _routes(
            "/api/v1/products",
            ("", 8, 1.4, {"GET": 200, "POST": 201}),
            ("/categories", 4, 0.6, {"GET": 200}),
            ("/featured", 4, 0.7, {"GET": 200}),
            ("/{product_id}", 10, 0.8, {"GET": 200, "PUT": 200, "PATCH": 200, "DELETE": 204}),
            ("/{product_id}/reviews", 5, 1.2, {"GET": 200, "POST": 201}),
            ("/{product_id}/reviews/{review_id}", 1, 0.9, {"PUT": 200, "DELETE": 204}),
            ("/{product_id}/inventory", 3, 0.9, {"GET": 200, "PATCH": 200}),
            ("/{product_id}/images", 2, 1.8, {"GET": 200, "POST": 201}),
            ("/{product_id}/related", 4, 1.6, {"GET": 200}),
        ),
    ),
    Service(
        "order-service", 0.12, 0.030, 280.0, (2, 6),
        _routes(
            "/api/v1/orders",
            ("", 6, 1.4, {"GET": 200, "POST": 201}),
            ("/history", 3, 1.8, {"GET": 200}),
            ("/{order_id}", 8, 0.8, {"GET": 200, "PATCH": 200}),
            ("/{order_id}/cancel", 0.6, 1.3, {"POST": 200}),
            ("/{order_id}/items", 4, 0.9, {"GET": 200, "POST": 201}),
            ("/{order_id}/items/{item_id}", 2, 0.9, {"PUT": 200, "DELETE": 204}),
            ("/{order_id}/shipping", 2, 1.1, {"GET": 200, "PUT": 200}),
            ("/{order_id}/tracking", 4, 1.0, {"GET": 200}),
        ),
    ),
    Service(
        "notification-service", 0.12, 0.040, 200.0, (1, 3),
        _routes(
            "/api/v1/notifications",
            ("", 6, 0.8, {"GET": 200}),
            ("/email", 4, 1.4, {"POST": 202}),
            ("/sms", 2, 1.7, {"POST": 202}),
            ("/push", 5, 0.9, {"POST": 202}),
            ("/{notification_id}", 4, 0.6, {"GET": 200, "PATCH": 200, "DELETE": 204}),
            ("/preferences", 2, 0.7, {"GET": 200, "PUT": 200}),
            ("/templates", 1, 0.9, {"GET": 200, "POST": 201}),
        ),
    ),
    Service(
        "analytics-service", 0.10, 0.020, 350.0, (0, 21),
        _routes(
            "/api/v1/analytics",
            ("/events", 6, 0.3, {"POST": 202}),
            ("/dashboard", 6, 1.3, {"GET": 200}),
            ("/metrics", 5, 0.9, {"GET": 200}),
            ("/reports", 3, 1.6, {"GET": 200, "POST": 202}),
            ("/reports/{report_id}", 3, 1.1, {"GET": 200, "DELETE": 204}),
            ("/exports", 0.8, 2.2, {"POST": 202}),
        ),
    ),
    Service(
        "search-service", 0.12, 0.025, 95.0, (5, 0),
        _routes(
            "/api/v1/search",
            ("", 8, 1.2, {"GET": 200}),
            ("/suggest", 9, 0.5, {"GET": 200}),
            ("/products", 7, 1.1, {"GET": 200}),
            ("/users", 2, 0.9, {"GET": 200}),
            ("/advanced", 2, 2.1, {"POST": 200}),
            ("/saved/{search_id}", 1, 0.6, {"GET": 200, "PUT": 200, "DELETE": 204}),
        ),
    ),
)  # fmt: skip

METHOD_SHARES = {"GET": 0.60, "POST": 0.25, "PUT": 0.08, "DELETE": 0.04, "PATCH": 0.03}
ENVIRONMENT_SHARES = {"production": 0.70, "staging": 0.20, "development": 0.10}
VERSION_YEAR = 2026
# Of a service's three versions (current, previous, candidate), in each environment.
VERSION_SHARES = {
    "production": (0.90, 0.10, 0.0),
    "staging": (0.35, 0.05, 0.60),
    "development": (0.15, 0.05, 0.80),
}

REGION_SHARES = {"NA": 0.40, "EU": 0.30, "APAC": 0.25, "LATAM": 0.05}
CITIES = (
    City("New York", "US", "NA", "America/New_York", 0.36),
    City("San Francisco", "US", "NA", "America/Los_Angeles", 0.27),
    City("Chicago", "US", "NA", "America/Chicago", 0.21),
    City("Toronto", "CA", "NA", "America/Toronto", 0.16),
    City("London", "GB", "EU", "Europe/London", 0.40),
    City("Berlin", "DE", "EU", "Europe/Berlin", 0.32),
    City("Paris", "FR", "EU", "Europe/Paris", 0.28),
    City("Singapore", "SG", "APAC", "Asia/Singapore", 0.22),
    City("Tokyo", "JP", "APAC", "Asia/Tokyo", 0.30),
    City("Mumbai", "IN", "APAC", "Asia/Kolkata", 0.30),
    City("Sydney", "AU", "APAC", "Australia/Sydney", 0.18),
    City("São Paulo", "BR", "LATAM", "America/Sao_Paulo", 1.0),
)

USERS = 50_000
FIRST_USER = 10_000  # user_10000 to user_59999

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_IPHONE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_HANDHELD = "Mobile/15E148 Safari/604.1"
DEVICES = (
    Device("desktop", 0.35, (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/131.0.0.0 Safari/537.36",
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Chrome/131.0.0.0 Safari/537.36",
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_IPHONE} Version/17.6 Safari/605.1.15",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
        "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    )),
    Device("mobile", 0.40, (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) {_IPHONE} Version/17.6 {_HANDHELD}",
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 16_7 like Mac OS X) {_IPHONE} Version/16.6 {_HANDHELD}",
        f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 13; SM-S911B) {_WEBKIT} Chrome/130.0.0.0 Mobile Safari/537.36",
        "ShopApp/8.14.2 (iOS 17.6; iPhone15,3)",
        "ShopApp/8.14.0 (Android 14; Pixel 7a)",
    )),
    Device("tablet", 0.05, (
        f"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) {_IPHONE} Version/17.6 {_HANDHELD}",
        f"Mozilla/5.0 (Linux; Android 13; SM-X710) {_WEBKIT} Chrome/131.0.0.0 Safari/537.36",
    )),
    Device("api_client", 0.15, (
        "python-requests/2.32.3",
        "axios/1.7.9",
        "okhttp/4.12.0",
        "Go-http-client/2.0",
        "curl/8.11.0",
        "PostmanRuntime/7.43.0",
    )),
    Device("bot", 0.05, (
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 (compatible; PriceWatchBot/1.4)",
        "UptimeProbe/2.0",
    )),
)  # fmt: skip


class Operation(Struct, frozen=True):
    """One method of one route: what a call is to. `share` of all calls."""

    service: int
    route: Route
    method: str
    success: int
    share: float


def operations() -> tuple[Operation, ...]:
    """Every operation with its share: service and method shares hold, popularity decides the rest.

    Iterative proportional fitting (Deming and Stephan, 1940): scale the services' rows, then the methods'
    columns, until both margins hold. 60 rounds leave less than 1e-9.
    """
    rows = [
        (index, route, method, status, service.share * route.popularity * METHOD_SHARES[method])
        for index, service in enumerate(SERVICES)
        for route in service.routes
        for method, status in route.answers.items()
    ]
    shares = [row[4] for row in rows]
    for _ in range(60):
        for column, wanted in ((0, dict(enumerate(s.share for s in SERVICES))), (2, METHOD_SHARES)):
            held: dict[object, float] = {}
            for row, share in zip(rows, shares, strict=True):
                held[row[column]] = held.get(row[column], 0.0) + share
            shares = [
                share * wanted[row[column]] / held[row[column]]  # type: ignore[index]  # a mixed key
                for row, share in zip(rows, shares, strict=True)
            ]
    return tuple(
        Operation(service, route, method, status, share)
        for (service, route, method, status, _), share in zip(rows, shares, strict=True)
    )
