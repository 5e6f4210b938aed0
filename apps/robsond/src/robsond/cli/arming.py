"""``robson arm``: say what may be traded, and how much may be lost with it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import attrs
import rich_click as click

from robsond.cli import options
from robsond.cli.errors import CliError, usage
from robsond.cli.options import Shell, common, key_option
from robsond.cli.output import Output

DELAY_PARAM: Final = "seconds"
"""The parameter of the ``delay`` strategy that ``--delay`` sets."""


_OPTIONS: Final = {
    "symbol": "SYMBOL",
    "side": "--side",
    "strategy": "--strategy",
    "capital": "--capital",
    "risk_percent": "--risk-percent",
    "stop": "--stop",
    "stop_distance": "--stop-distance",
    "expires": "--expires",
    DELAY_PARAM: "--delay",
}
"""Which option a field of the request came from."""


@attrs.frozen(kw_only=True)
class ArmOptions:
    """What was typed, as text."""

    symbol: str
    side: str
    strategy: str
    param: tuple[str, ...]
    delay: str | None
    capital: str | None
    risk_percent: str
    stop: str | None
    stop_distance: str | None
    expires: str | None
    accept_costs: bool
    dry_run: bool

    def body(self) -> dict[str, object]:
        """Return the request; everything that can be checked here has been.

        Raises:
            CliError: Naming the option at fault and what to write instead.
        """
        body: dict[str, object] = {
            "symbol": options.symbol("SYMBOL", self.symbol),
            "side": self.side,
            "strategy": options.word("--strategy", self.strategy),
            "params": self._params(),
            "risk_percent": options.amount_text("--risk-percent", self.risk_percent),
        }
        if self.capital is not None:
            body["capital"] = options.amount_text("--capital", self.capital)
        if self.expires is not None:
            body["expires"] = options.expiry("--expires", self.expires)
        body.update(self._stop())
        for name in ("accept_costs", "dry_run"):
            if getattr(self, name):
                body[name] = True
        return body

    def _params(self) -> dict[str, str]:
        params = options.pairs("--param", self.param)
        for name in ("stop", "stop_distance"):
            if name in params:
                raise usage("--param", f"use --{name.replace('_', '-')} instead of --param {name}=")
        if self.delay is None:
            return params
        if self.strategy != "delay":
            raise usage("--delay", "only the strategy delay waits; add --strategy delay")
        if DELAY_PARAM in params:
            raise usage("--delay", f"is given twice, also as --param {DELAY_PARAM}=")
        return {**params, DELAY_PARAM: options.not_negative("--delay", self.delay)}

    def _stop(self) -> dict[str, object]:
        if self.stop is not None and self.stop_distance is not None:
            raise usage("--stop", "give either --stop or --stop-distance, not both")
        if self.stop is not None:
            return {"stop": options.amount_text("--stop", self.stop)}
        if self.stop_distance is not None:
            distance = options.stop_distance("--stop-distance", self.stop_distance)
            return {"stop_distance": distance}
        return {}


@click.command()
@click.argument("symbol")
@click.option(
    "--side",
    type=click.Choice(["long", "short"], case_sensitive=False),
    default="long",
    show_default=True,
    help="Which way.",
)
@click.option(
    "--strategy",
    default="ma_crossover",
    show_default=True,
    metavar="NAME",
    help="Says when: ma_crossover, breakout, delay, manual, test.",
)
@click.option("--param", multiple=True, metavar="NAME=VALUE", help="Setting of the strategy.")
@click.option("--delay", metavar="SECONDS", help="With --strategy delay: signal after this.")
@click.option("--capital", metavar="N", help="Risk percent refers to this, quote currency.")
@click.option(
    "--risk-percent",
    default="1",
    show_default=True,
    metavar="N",
    help="Most that may be lost, percent of capital.",
)
@click.option("--stop", metavar="PRICE", help="Technical stop: the price that proves you wrong.")
@click.option("--stop-distance", metavar="N|N%", help="Distance of the stop from the entry.")
@click.option("--expires", metavar="T", help="Stop waiting after 30m, 2h, 1d or at an ISO time.")
@click.option("--accept-costs", is_flag=True, help="Enter even if fees eat half the risk.")
@click.option("--dry-run", is_flag=True, help="Only show the present estimate; arm nothing.")
@click.option(
    "--confirm-risk",
    metavar="PHRASE",
    help='Above 5 % risk, where nobody can be asked: "I accept N% risk".',
)
@key_option
@common
def arm(shell: Shell, confirm_risk: str | None, key: str | None, **typed: Any) -> None:
    """Arm SYMBOL: one strategy may now enter one position, once.

    Example: robson arm BTCUSDT --side long --stop-distance 0.5% --risk-percent 1 --expires 2h
    """
    typed["side"] = typed["side"].lower()
    chosen = ArmOptions(**typed)
    body = chosen.body()
    checked = options.checked_key(key)
    percent = Decimal(str(body["risk_percent"]))
    # An estimate arms nothing, so there is nothing to confirm.
    if confirm(shell.out, percent, phrase(percent) if chosen.dry_run else confirm_risk):
        body["confirm_risk_percent"] = body["risk_percent"]
    with shell.api() as api, shell.out.waiting("asking the daemon …"):
        try:
            answer = api.post("/api/positions", body, checked)
        except CliError as error:
            raise in_options(error, body["params"]) from None
    show(shell.out, answer)


def in_options(error: CliError, params: object) -> CliError:
    """Return an error of the daemon with the option that was typed as its field."""
    field = error.field
    if field in _OPTIONS:
        field = _OPTIONS[field]
    elif isinstance(params, dict) and field in params:
        field = f"--param {field}"
    message = error.message.replace("stop or stop_distance", "--stop or --stop-distance")
    return CliError(error.code, message, field=field, exit_code=error.exit_code)


def phrase(percent: Decimal) -> str:
    """Return the words a person must type to risk ``percent``."""
    from robson_domain import decimals

    return f"I accept {decimals.text(percent)}% risk"


def confirm(out: Output, percent: Decimal, given: str | None) -> bool:
    """Ask for the phrase above the limit, and say whether it was needed.

    Raises:
        CliError: When it was not typed, or nobody can be asked.
    """
    from robson_domain.decimals import text
    from robson_domain.risk import RISK_PERCENT_MAX

    if percent > 100:
        raise usage("--risk-percent", f"{text(percent)} must be above 0 and at most 100")
    if percent <= RISK_PERCENT_MAX:
        return False
    wanted = phrase(percent)
    if given is None and out.is_terminal:
        out.show(f"You are about to risk {text(percent)} % of your capital on one position.")
        given = click.prompt(f'Type "{wanted}" to go on', default="", show_default=False)
    if given is None or given.strip() != wanted:
        raise CliError(
            "RISK_NOT_CONFIRMED",
            f"{text(percent)} % is more than {RISK_PERCENT_MAX} % of the capital on one position. "
            f'Nothing was armed. To do it all the same: --confirm-risk "{wanted}"',
            field="--risk-percent",
        )
    return True


def show(out: Output, answer: dict[str, Any]) -> None:
    """Print what was armed, or what would be."""
    from robsond.cli import tables

    if out.as_json:
        out.document(answer)
    elif "estimate" in answer:
        out.show(*tables.estimate(answer["estimate"]))
    else:
        position = answer.get("position", {})
        out.show(tables.position_table([position], out.width))
        if note := waits_for_price(position):
            out.show(note)
        out.show("Armed. Watch it:  robson status --watch")
        out.show(f"Explain it:       robson why {position.get('position_id', 'ID')}")


def waits_for_price(position: dict[str, Any]) -> str:
    """Return a warning when the stop that was named is not on the losing side of the price now."""
    from robsond.cli import format as fmt

    stop = fmt.number((position.get("params") or {}).get("stop"))
    price = fmt.number(position.get("last_price"))
    if stop is None or price is None:
        return ""
    side = str(position.get("side"))
    if stop < price if side == "long" else stop > price:
        return ""
    where = "below" if side == "long" else "above"
    return (
        f"Note: the stop {fmt.figure(str(stop))} is not {where} the price "
        f"{fmt.figure(str(price))}. Until it is, no signal will enter."
    )
