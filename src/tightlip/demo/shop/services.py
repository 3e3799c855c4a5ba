"""What the shop does: accounts, totals, payments, refunds, the export."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tightlip.demo.shop.errors import OrderNotFound
from tightlip.demo.shop.models import Account, Order, Payment

# As an editor saved them: one coupon has lost its value.
COUPONS: dict[str, dict[str, Any]] = json.loads(
    '{"SPRING": {"percent": 10}, "WELCOME": {"percent": null}}'
)


def register(session: Session, name: str, email: str, password: str) -> Account:
    """Open an account."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1)
    account = Account(name=name, email=email, password_hash=f"scrypt${salt.hex()}${digest.hex()}")
    session.add(account)
    session.commit()
    return account


def change_email(session: Session, account_id: int, email: str) -> Account:
    """Change the address of an account."""
    account = session.get_one(Account, account_id)
    account.email = email
    session.commit()
    return account


def total(session: Session, order_id: int) -> Decimal:
    """Say what an order costs, with its coupon."""
    order = session.get(Order, order_id)
    if order is None:
        raise OrderNotFound
    return total_of(order)


def total_of(order: Order) -> Decimal:
    """Say what `order` costs, with its coupon."""
    amount = order.price * order.quantity
    if order.coupon is not None:
        percent = COUPONS[order.coupon]["percent"]
        amount -= amount * percent / 100
    return amount.quantize(Decimal("0.01"))


def charge(session: Session, gateway: str, order_id: int) -> Payment:
    """Have the payment gateway take the money for an order."""
    amount = total(session, order_id)
    answer = httpx.post(f"{gateway}/v2/charges", json={"order": order_id, "amount": str(amount)})
    answer.raise_for_status()
    payment = Payment(order_id=order_id, amount=amount)
    session.add(payment)
    session.commit()
    return payment


def payments_of(session: Session, account_id: int) -> list[dict[str, Any]]:
    """List what an account has paid."""
    found = session.scalars(
        select(Payment).join(Order).where(Order.account_id == account_id).order_by(Payment.id)
    )
    return [{"order": payment.order_id, "amount": str(payment.amount)} for payment in found]


def refund(session: Session, payment_id: int) -> None:
    """Give the money of a payment back; the ledger's migration has not been run here."""
    session.execute(
        text("INSERT INTO refund_ledger (payment_id, approved_by) VALUES (:payment_id, 'api')"),
        {"payment_id": payment_id},
    )
    session.commit()


def export(session: Session) -> Iterator[str]:
    """Give all orders with their totals, one line of JSON each."""
    for order in session.scalars(select(Order).order_by(Order.id)):
        row = {"order": order.id, "item": order.item, "total": str(total_of(order))}
        yield json.dumps(row) + "\n"
