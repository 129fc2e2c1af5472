import django.db.models.deletion
from django.db import migrations, models

STORED = ("1s", "1m", "15m", "1h", "4h", "1d")


class Migration(migrations.Migration):
    dependencies = [("ticker", "0002_accounts_and_announcements")]

    operations = [
        migrations.RemoveConstraint(model_name="candle", name="candle_interval_is_stored"),
        migrations.AlterField(
            model_name="candle",
            name="interval",
            field=models.CharField(choices=[(name, name) for name in STORED], max_length=3),
        ),
        migrations.AddConstraint(
            model_name="candle",
            constraint=models.CheckConstraint(
                condition=models.Q(("interval__in", STORED)), name="candle_interval_is_stored"
            ),
        ),
        migrations.AlterField(
            model_name="candle",
            name="pair",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="candles",
                to="ticker.pair",
            ),
        ),
        migrations.AlterField(
            model_name="trade",
            name="pair",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trades",
                to="ticker.pair",
            ),
        ),
        migrations.CreateModel(
            name="Unreadable",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.BigIntegerField()),
                ("entry", models.BinaryField()),
                ("error", models.TextField()),
                ("parked_at", models.DateTimeField()),
                (
                    "pair",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="unreadable",
                        to="ticker.pair",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "unreadable",
                "constraints": [models.UniqueConstraint(fields=("pair", "seq"), name="unreadable_once")],
            },
        ),
    ]
