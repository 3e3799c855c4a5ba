"""Celery: what a task fails with is found in the record; `celery -A celery_application worker`."""

from celery import Celery

import tightlip

app = Celery("shop", broker="memory://")


@app.task(name="shop.total")
def total(prices: list[float]) -> float:
    return sum(prices) / len(prices)


tightlip.shield(app)
