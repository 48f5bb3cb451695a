import pytest

from pulsestream.generate.failures import failures, weight
from pulsestream.generate.world import SERVICES

NAMES = [service.name for service in SERVICES]


@pytest.mark.parametrize("service", NAMES)
def test_every_service_can_fail_in_every_way_with_its_severity(service):
    every = failures(service)

    assert {f.status for f in every} == {400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504}
    for failure in every:
        assert (failure.severity == "warning") == (failure.status < 500)
        assert failure.message
        assert failure.code.isupper()
        assert failure.error_type.endswith("Error")


@pytest.mark.parametrize("burst", [False, True])
@pytest.mark.parametrize("service", NAMES)
def test_reads_never_conflict_and_never_fail_validation(service, burst):
    for failure in failures(service):
        read = weight(failure, service=service, method="GET", path="/x/{id}", burst=burst)
        assert (read == 0) == (failure.status in (409, 422) or weight_in_mix(failure, service, burst) == 0)


def weight_in_mix(failure, service, burst):
    return weight(failure, service=service, method="PUT", path="/x/{id}", burst=burst)


def test_not_found_is_mostly_about_what_the_path_names():
    missing = next(f for f in failures("user-service") if f.status == 404)

    def of(path):
        return weight(missing, service="user-service", method="GET", path=path, burst=False)

    assert of("/api/v1/users/{user_id}") == 8 * of("/api/v1/users")


def test_bursts_are_mostly_faults():
    def faults(*, burst):
        weights = [(f.status, weight(f, service="auth-service", method="POST", path="/", burst=burst)) for f in every]
        return sum(w for status, w in weights if status >= 500) / sum(w for _, w in weights)

    every = failures("auth-service")
    assert faults(burst=True) > 0.8
    assert faults(burst=False) < 0.2


def test_payments_are_declined_in_their_own_words():
    assert "CARD_DECLINED" in {f.code for f in failures("payment-service")}
    assert "CARD_DECLINED" not in {f.code for f in failures("user-service")}
