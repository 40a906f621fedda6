"""`tertial units remove`: somebody entered in the register by mistake is taken out again."""

from typing import Annotated

import typer

from workflow.cli.output import DryRunFlag, Yes, done, plain
from workflow.cli.shell import BY, Shell, command, confirm
from workflow.domain.errors import NotFoundError
from workflow.domain.people import Role, fold_address
from workflow.services.contacts import UnitPeople, people_of
from workflow.services.mistyped import remove_contact, why_kept

app = typer.Typer()


@command(app, "remove")
def remove(
    shell: Shell,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="Its id in the register.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The person's e-mail address.")],
    *,
    role: Annotated[Role | None, typer.Option("--role", help="Where the address stands more than once.")] = None,
    dry_run: DryRunFlag = False,
    yes: Yes = False,
) -> None:
    """Take out somebody entered by mistake, whom no round, mail or request tells of; others are given a last day."""
    people = people_of(shell.house.db, unit)
    number = _number(people, address, role)
    if kept := why_kept(shell.house.db, unit, number):
        raise kept
    found = people.numbered(number)
    who = plain(f"{found.name or found.email} <{found.email}>, {found.role} of {unit}")
    if not dry_run:
        confirm(f"Remove {who}?", yes=yes)
    db = shell.database(dry_run=dry_run)
    remove_contact(db, unit, number, seal=people.seal, by=BY, now=shell.now())
    done(f"Removed from the register: {who}.", dry_run=dry_run)


def _number(people: UnitPeople, address: str, role: Role | None) -> int:
    """Raises NotFoundError; a usage error where the address stands for several."""
    found = [
        place
        for place, each in enumerate(people.contacts, start=1)
        if fold_address(each.email) == fold_address(address) and role in {None, each.role}
    ]
    if not found:
        raise NotFoundError(what=address)
    roles = {people.numbered(place).role for place in found}
    if len(roles) > 1:
        among = ", ".join(sorted(roles))
        raise typer.BadParameter(f"the address stands for several: {among}.", param_hint="--role")
    return found[0]
