from zoneinfo import ZoneInfo

import pytest

from pulsestream.generate.world import CITIES, DEVICES, METHOD_SHARES, REGION_SHARES, SERVICES, operations


def test_eight_services_have_62_distinct_routes():
    assert {service.name.removesuffix("-service"): len(service.routes) for service in SERVICES} == {
        "auth": 9,
        "payment": 8,
        "user": 9,
        "product": 9,
        "order": 8,
        "notification": 7,
        "analytics": 6,
        "search": 6,
    }
    assert len({route.path for service in SERVICES for route in service.routes}) == 62


def test_services_fail_and_take_their_time_as_stated():
    assert {service.name: (service.error_rate, service.mean_ms) for service in SERVICES} == {
        "auth-service": (0.02, 150),
        "payment-service": (0.05, 450),
        "user-service": (0.01, 85),
        "product-service": (0.015, 120),
        "order-service": (0.03, 280),
        "notification-service": (0.04, 200),
        "analytics-service": (0.02, 350),
        "search-service": (0.025, 95),
    }
    success = 1 - sum(service.share * service.error_rate for service in SERVICES)
    assert success == pytest.approx(0.974, abs=0.0005)


def test_the_shares_of_operations_hold_for_services_and_methods():
    every = operations()

    for index, service in enumerate(SERVICES):
        assert sum(o.share for o in every if o.service == index) == pytest.approx(service.share)
    for method, share in METHOD_SHARES.items():
        assert sum(o.share for o in every if o.method == method) == pytest.approx(share, abs=1e-6)
    assert METHOD_SHARES == {"GET": 0.60, "POST": 0.25, "PUT": 0.08, "DELETE": 0.04, "PATCH": 0.03}


def test_every_operation_is_called():
    assert min(operation.share for operation in operations()) > 5e-4


def test_twelve_cities_share_four_regions():
    assert len({city.name for city in CITIES}) == 12
    for region in REGION_SHARES:
        assert sum(city.share for city in CITIES if city.region == region) == pytest.approx(1)
    assert REGION_SHARES == {"NA": 0.40, "EU": 0.30, "APAC": 0.25, "LATAM": 0.05}
    assert all(ZoneInfo(city.zone) for city in CITIES)


def test_shares_of_services_and_devices_are_whole():
    assert sum(service.share for service in SERVICES) == pytest.approx(1)
    assert {device.name: device.share for device in DEVICES} == {
        "desktop": 0.35,
        "mobile": 0.40,
        "tablet": 0.05,
        "api_client": 0.15,
        "bot": 0.05,
    }
