"""The shop's tables: accounts, orders, payments."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import ForeignKey, Numeric, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, validates

FIRST_EMAIL = "first.buyer@shop.example"


class Base(DeclarativeBase):
    """The base of the shop's tables."""


class Account(Base):
    """Who buys."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("email", name="accounts_email_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str] = mapped_column(String(200))

    @validates("email")
    def check_email(self, key: str, email: str) -> str:
        """See that an e-mail address has its sign."""
        if "@" not in email:
            raise ValueError(
                f"shop.models.{type(self).__name__}.{key} (accounts.{key} varchar(254)) "
                f"cannot be set to {email!r}: account {self.id} of {self.email}"
            )
        return email


class Order(Base):
    """What was bought."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    item: Mapped[str] = mapped_column(String(80))
    quantity: Mapped[int]
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    coupon: Mapped[str | None] = mapped_column(String(20))


class Payment(Base):
    """What was paid."""

    __tablename__ = "payments"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2))


def fill(session: Session) -> None:
    """Put in one account, four orders and a payment."""
    account = Account(name="First buyer", email=FIRST_EMAIL, password_hash="scrypt$none")  # noqa: S106 - no one signs in with it
    session.add(account)
    session.flush()
    # The third order holds a coupon that was deleted since, the fourth one without a value.
    for item, quantity, price, coupon in (
        ("Kettle", 1, "39.00", None),
        ("Teapot", 2, "24.50", "SPRING"),
        ("Strainer", 1, "7.90", "LAUNCH"),
        ("Tea caddy", 3, "12.00", "WELCOME"),
    ):
        session.add(
            Order(
                account_id=account.id,
                item=item,
                quantity=quantity,
                price=Decimal(price),
                coupon=coupon,
            )
        )
    session.flush()
    session.add(Payment(order_id=1, amount=Decimal("39.00")))
    session.commit()
