from uuid import UUID

import pytest

from opsknight.domain.model.permission import (
    AcknowledgeLink,
    Anonymous,
    IngestKey,
    Machine,
    Need,
    Person,
    Role,
    TokenBearer,
    permits,
    permits_team,
)

INCIDENT, OTHER = UUID(int=1), UUID(int=2)
TABLE = """
                         admin  manager  responder  observer  nobody  key  link
nothing                  yes    yes      yes        yes       yes     yes  yes
signed in                yes    yes      yes        yes       –       –    –
own contact methods      yes    yes      yes        yes       –       –    –
see                      yes    yes      yes        yes       –       –    –
respond                  yes    yes      yes        –         –       –    –
acknowledge              yes    yes      yes        –         –       –    yes
open an incident         yes    yes      yes        –         –       –    –
plan maintenance         yes    yes      yes        –         –       –    –
arrange cover            yes    yes      yes        –         –       –    –
send events              –      –        –          –         –       yes  –
configure                yes    yes      –          –         –       –    –
manage a team            yes    yes      –          –         –       –    –
administer               yes    –        –          –         –       –    –
let in                   yes    –        –          –         –       –    –
"""
WHO = {
    **{role.value: Person(7, role) for role in Role},
    "nobody": Anonymous(),
    "key": IngestKey(3),
    "link": AcknowledgeLink(INCIDENT, 7, 1),
}


def cells():
    header, *lines = TABLE.strip("\n").splitlines()
    columns = header.split()
    for line in lines:
        need, answers = line[:25].strip(), line[25:].split()
        yield from ((Need(need), who, answer == "yes") for who, answer in zip(columns, answers, strict=True))


@pytest.mark.parametrize(("need", "who", "may"), list(cells()))
def test_every_cell_of_the_table_of_permissions(need: Need, who: str, may: bool):  # noqa: FBT001  # a cell of the table
    decision = permits(WHO[who], need, incident_id=INCIDENT)

    assert decision.permitted is may
    assert may or decision.sentence.endswith(".")


def test_the_table_names_every_need():
    assert {need for need, _, _ in cells()} == set(Need)


@pytest.mark.parametrize(
    ("who", "manages", "may"),
    [
        ("admin", False, True),
        ("manager", True, True),
        ("manager", False, False),
        ("responder", True, False),
        ("observer", True, False),
        ("nobody", True, False),
        ("key", True, False),
        ("link", True, False),
    ],
)
def test_a_team_is_changed_by_admins_and_by_its_own_managers(who: str, manages: bool, may: bool):  # noqa: FBT001
    decision = permits_team(WHO[who], "Platform", manages=manages)

    assert decision.permitted is may
    assert may or decision.sentence.endswith(".")


def test_what_a_team_owns_is_configured_by_its_own_managers_only():
    responder = permits_team(WHO["responder"], "Platform", manages=True, need=Need.CONFIGURE)

    assert permits_team(WHO["manager"], "Platform", manages=True, need=Need.CONFIGURE)
    assert not permits_team(WHO["manager"], "Platform", manages=False, need=Need.CONFIGURE)
    assert permits_team(Machine("housekeeping"), "Platform", manages=False, need=Need.CONFIGURE)
    assert responder.sentence == "A responder cannot change services, policies and schedules; ask a manager."


def test_the_manager_of_another_team_is_told_whose_it_is():
    assert permits_team(WHO["manager"], "Platform", manages=False).sentence == (
        "You do not manage the team Platform; ask one of its managers or an admin."
    )


def test_a_link_acknowledges_its_own_incident_only():
    assert not permits(WHO["link"], Need.ACKNOWLEDGE, incident_id=OTHER)
    assert not permits(WHO["link"], Need.ACKNOWLEDGE)


@pytest.mark.parametrize("need", [need for need in Need if need is not Need.NOTHING])
def test_a_deactivated_person_may_do_nothing(need: Need):
    assert not permits(Person(7, Role.ADMIN, active=False), need)


@pytest.mark.parametrize("need", Need)
@pytest.mark.parametrize("role", Role)
def test_a_token_may_what_its_person_may_but_touches_nothing_of_their_account_and_lets_nobody_in(
    role: Role, need: Need
):
    person = Person(7, role)

    decision = permits(TokenBearer(person), need)

    in_person = need in (Need.SIGNED_IN, Need.OWN_METHODS, Need.LET_IN)
    assert decision.permitted is (not in_person and permits(person, need).permitted)


def test_a_token_changes_no_team_that_its_person_does_not_manage():
    bearer = TokenBearer(Person(7, Role.MANAGER))

    assert permits_team(bearer, "Platform", manages=True)
    assert not permits_team(bearer, "Platform", manages=False)


def test_opsknight_itself_responds_but_has_no_account():
    assert permits(Machine("the auditor"), Need.RESPOND)
    assert permits(Machine("the auditor"), Need.OWN_METHODS).sentence == (
        "Only a person can change contact methods, not the auditor."
    )


def test_a_refusal_says_what_and_whom_to_ask():
    assert (
        permits(WHO["observer"], Need.RESPOND).sentence == "An observer cannot respond to incidents; ask a responder."
    )
    assert permits(WHO["manager"], Need.ADMINISTER).sentence == "A manager cannot administer OpsKnight; ask an admin."
    assert permits(Anonymous(), Need.SEE).sign_in
