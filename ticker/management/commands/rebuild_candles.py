"""The doorbell of the proof that candles are the fold of the trades."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ticker.models import Pair
from ticker.services import folding


class Command(BaseCommand):
    help = "Prove that every stored candle is the fold of what is recorded, and repair those that are not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pairs", nargs="*", metavar="PAIR", help="all of them, unless named")
        parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 where a candle is wrong")

    def handle(self, *, pairs: list[str], check: bool, **options: Any) -> None:
        chosen = Pair.objects.filter(symbol__in=pairs) if pairs else Pair.objects.all()
        if unknown := set(pairs) - {pair.symbol for pair in chosen}:
            raise CommandError(f"there is no pair {', '.join(sorted(unknown))}")
        wrong = 0
        for pair in chosen:
            for proof in folding.prove(pair, repair=not check):
                wrong += proof.wrong
                self.stdout.write(f"{pair.symbol} {proof.interval}: {_words(proof, is_repaired=not check)}")
        if check and wrong:
            raise CommandError(f"{wrong:,} candles are not the fold of what is recorded")


def _words(proof: folding.Proof, *, is_repaired: bool) -> str:
    if not proof.wrong:
        return f"all {proof.candles:,} candles are the fold of what is recorded"
    return f"{proof.wrong:,} candles were wrong{' and are repaired' if is_repaired else ''}, of {proof.candles:,}"
