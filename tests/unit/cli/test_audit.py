"""What administrators did, as the command line shows it, on a real server."""

import json


def test_the_newest_act_is_first_with_who_did_it(operate):
    operate("tenant", "create", "audited", "--rate", 5)
    key_id = operate("key", "create", "--tenant", "audited", "--scope", "read")[1][3:11]
    code, out, _ = operate("audit", "--limit", 2)
    assert code == 0
    _, newest, before = (line.split(maxsplit=2)[2] for line in out.splitlines())
    assert newest.split() == ["create", "key", key_id, "read", "audited", "given@default"]
    assert before.split() == ["create", "tenant", "audited", "rate_events_per_s", "5.0", "audited", "given@default"]
    lines = json.loads(operate("audit", "--json", "--limit", 1)[1])["lines"]
    assert [(line["act"], line["subject"]) for line in lines] == [("create key", key_id)]


def test_an_admin_of_a_tenant_sees_what_is_about_it(operate):
    operate("tenant", "create", "seen")
    theirs = operate("key", "create", "--tenant", "seen", "--scope", "admin")[1].strip()
    out = operate("audit", key=theirs)[1]
    assert {line.split()[-2] for line in out.splitlines()[1:]} == {"seen"}
