"""Which pairs this deployment has, in which order, and whether they trade."""

import re
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from ticker.market.errors import BadRequest, NotFound
from ticker.market.pairs import PairStatus, pair_of
from ticker.models import Pair


def shown() -> list[Pair]:
    """The pairs that people may see, in the order of lists; halted ones too."""
    return list(Pair.objects.exclude(status=PairStatus.DELISTED))


def get(symbol: str) -> Pair:
    """The pair that people may see under this symbol, upper and lower case told apart.

    Raises NotFound, also for a pair that was delisted.
    """
    # What cannot be a symbol is not asked for: PostgreSQL refuses text with a NUL in it.
    if re.fullmatch(r"[A-Z0-9]{1,20}", symbol):
        pair = Pair.objects.filter(symbol=symbol).exclude(status=PairStatus.DELISTED).first()
        if pair:
            return pair
    raise NotFound("There is no such pair.")


@transaction.atomic
def ensure(symbols: Sequence[str]) -> list[Pair]:
    """Have these pairs, in this order: create what is missing, list again what was delisted, keep what staff have set.

    Raises ValueError, having changed nothing, for what is no symbol.
    """
    known = {pair.symbol: pair for pair in Pair.objects.select_for_update().filter(symbol__in=symbols)}
    pairs = []
    for position, symbol in enumerate(symbols):
        pair = known.get(symbol) or new(symbol)
        pair.position = position
        if pair.status == PairStatus.DELISTED:
            pair.status = PairStatus.OPEN
        # Not how far its trades are recorded: that belongs to the recorder, which may be running.
        pair.save(update_fields=None if pair.pk is None else ["position", "status"])
        pairs.append(pair)
    return pairs


@transaction.atomic
def list_only(symbols: Sequence[str]) -> list[Pair]:
    """Have these pairs, in this order, and delist all others; their record is kept."""
    pairs = ensure(symbols)
    Pair.objects.exclude(symbol__in=symbols).update(status=PairStatus.DELISTED)
    return pairs


def new(symbol: str) -> Pair:
    """A pair with the ticks and steps of its symbol, not yet kept. Raises ValueError for what is no symbol."""
    value = pair_of(symbol)
    return Pair(
        symbol=value.symbol,
        base=value.base,
        quote=value.quote,
        price_tick=value.price_tick,
        qty_step=value.qty_step,
        start_price=value.start_price,
        volatility=value.volatility,
    )


def open_for_trading(pair: Pair) -> bool:
    """Let the pair trade; the simulator obeys within two seconds. False where it traded already."""
    return _change_status(pair, PairStatus.OPEN)


def halt(pair: Pair) -> bool:
    """Stop the trading of a pair that stays visible; the simulator obeys within two seconds. False where it stood already."""
    return _change_status(pair, PairStatus.HALTED)


def set_rate(pair: Pair, rate: float) -> None:
    """Have the pair trade so often in a second; the simulator obeys within two seconds. Raises BadRequest."""
    try:
        Pair._meta.get_field("rate").run_validators(rate)
    except ValidationError as error:
        raise BadRequest(" ".join(error.messages)) from None
    Pair.objects.filter(pk=pair.pk).update(rate=rate)
    pair.rate = rate


def _change_status(pair: Pair, status: PairStatus) -> bool:
    changed = Pair.objects.filter(pk=pair.pk).exclude(status=status).update(status=status)
    pair.status = status
    return bool(changed)
