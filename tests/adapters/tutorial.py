"""An application in the manner of FastAPI's tutorial: twenty routes with the words that one writes.

Each route that refuses is listed in `LITERALS` with the request and the words of its author.
"""

from __future__ import annotations

import secrets
from enum import Enum
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, FastAPI, Header, HTTPException, Request, status
from fastapi.encoders import jsonable_encoder
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import JSONResponse
from fastapi.security import (
    HTTPBasic,
    HTTPBasicCredentials,
    OAuth2PasswordBearer,
    OAuth2PasswordRequestForm,
)
from pydantic import BaseModel, Field, field_validator
from starlette.exceptions import HTTPException as StarletteHTTPException

app = FastAPI()

ITEMS = {"foo": {"name": "Foo", "price": 50.2}, "portal-gun": {"owner": "Rick"}, "old": {}}
USERS = {
    "johndoe": {"username": "johndoe", "hashed": "fakehashedsecret", "disabled": False},
    "alice": {"username": "alice", "hashed": "fakehashedsecret2", "disabled": True},
}
OUT_OF_STOCK = "Item is out of stock"
NOT_FOUND = {"description": "Not found"}
not_enough = HTTPException(status_code=400, detail="Not enough permissions for this item")


class Messages:
    EXPIRED = "The coupon has expired"


class Reasons(Enum):
    BANNED = "This user was banned"


class UnicornException(Exception):
    def __init__(self, name: str):
        self.name = name


class OwnerError(Exception):
    pass


class QuotaExceeded(HTTPException):
    def __init__(self) -> None:
        super().__init__(status_code=429, detail="Your daily quota is used up")


class PaymentMissing(HTTPException):
    words = "A payment method is missing"

    def __init__(self) -> None:
        super().__init__(402, self.words)


class Item(BaseModel):
    name: str = Field(min_length=1)
    price: float = Field(gt=0)
    tags: list[str] = []

    @field_validator("name")
    @classmethod
    def no_spaces(cls, value: str) -> str:
        if " " in value:
            raise ValueError("Name must not contain spaces")
        return value


# Errors


@app.get("/items/{item_id}")
async def read_item(item_id: str):
    if item_id not in ITEMS:
        raise HTTPException(status_code=404, detail="Item not found")
    return {"item": ITEMS[item_id]}


@app.get("/items-header/{item_id}")
async def read_item_header(item_id: str):
    if item_id not in ITEMS:
        raise HTTPException(
            status_code=404,
            detail="This item is not in the list",
            headers={"X-Error": "There goes my error"},
        )
    return {"item": ITEMS[item_id]}


@app.exception_handler(UnicornException)
async def unicorn_exception_handler(request: Request, exc: UnicornException):
    return JSONResponse(
        status_code=418,
        content={"message": f"Oops! {exc.name} did something. There goes a rainbow..."},
    )


@app.get("/unicorns/{name}")
async def read_unicorn(name: str):
    if name == "yolo":
        raise UnicornException(name=name)
    return {"unicorn_name": name}


@app.exception_handler(StarletteHTTPException)
async def custom_http_exception_handler(request, exc):
    print(f"OMG! An HTTP error!: {exc!r}")  # noqa: T201 - as the tutorial does it
    return await http_exception_handler(request, exc)


@app.get("/nope/{item_id}")
async def read_nope(item_id: int):
    if item_id == 3:
        raise HTTPException(status_code=418, detail="Nope! I don't like 3.")
    return {"item_id": item_id}


@app.put("/items/{item_id}")
def update_item(item_id: str, item: Item):
    if item_id == "old":
        raise HTTPException(status.HTTP_410_GONE, "This item is no longer sold")
    ITEMS[item_id] = jsonable_encoder(item)
    return item


@app.post("/items/")
def create_item(item: Item):
    if item.name in ITEMS:
        raise HTTPException(status_code=409, detail="Item already exists")
    return item


# Dependencies


async def verify_token(x_token: Annotated[str, Header()]):
    if x_token != "fake-super-secret-token":
        raise HTTPException(status_code=400, detail="X-Token header invalid")


async def verify_key(x_key: Annotated[str, Header()]):
    if x_key != "fake-super-secret-key":
        raise HTTPException(status_code=400, detail="X-Key header invalid")
    return x_key


@app.get("/guarded/", dependencies=[Depends(verify_token), Depends(verify_key)])
async def read_guarded():
    return [{"item": "Foo"}, {"item": "Bar"}]


def get_username():
    try:
        yield "Rick"
    except OwnerError as e:
        raise HTTPException(status_code=400, detail=f"Owner error: {e}") from e


@app.get("/owned/{item_id}")
def get_owned(item_id: str, username: Annotated[str, Depends(get_username)]):
    if item_id not in ITEMS:
        raise HTTPException(status_code=404, detail="Item not found, only plumbuses")
    item = ITEMS[item_id]
    if item.get("owner") != username:
        raise OwnerError(username)
    return item


class CommonSession:
    def __enter__(self):
        return self

    def __exit__(self, *details):
        return False


async def get_session():
    with CommonSession() as session:
        yield session


@app.get("/session/{item_id}")
async def read_in_session(session: Annotated[CommonSession, Depends(get_session)], item_id: int):
    if item_id < 0:
        raise HTTPException(404, detail="There are no negative items")
    return item_id


def check_query(q: str = "", last_query: Annotated[str | None, Cookie()] = None):
    if not q and not last_query:
        raise HTTPException(400, "Give a query, or come back with one")
    return q or last_query


@app.get("/queries/")
async def read_query(query: Annotated[str, Depends(check_query)]):
    return query


# Security

oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token")
basic = HTTPBasic()


class TokenError(Exception):
    pass


def decode_token(token: str) -> dict:
    if token not in USERS:
        raise TokenError("signature verification failed")
    return {"sub": token}


async def get_current_user(token: Annotated[str, Depends(oauth2_scheme)]):
    credentials_exception = HTTPException(
        status_code=status.HTTP_401_UNAUTHORIZED,
        detail="Could not validate credentials",
        headers={"WWW-Authenticate": "Bearer"},
    )
    try:
        payload = decode_token(token)
        username = payload.get("sub")
        if username is None:
            raise credentials_exception
    except TokenError:
        raise credentials_exception
    return USERS[username]


async def get_active_user(current_user: Annotated[dict, Depends(get_current_user)]):
    if current_user["disabled"]:
        raise HTTPException(status_code=400, detail="Inactive user")
    return current_user


@app.post("/token")
async def login(form_data: Annotated[OAuth2PasswordRequestForm, Depends()]):
    user = USERS.get(form_data.username)
    if not user:
        raise HTTPException(status_code=400, detail="Incorrect username or password")
    if user["hashed"] != "fakehashed" + form_data.password:
        raise HTTPException(
            status_code=status.HTTP_401_UNAUTHORIZED,
            detail="Incorrect password, try again",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return {"access_token": user["username"], "token_type": "bearer"}


@app.get("/users/me")
async def read_users_me(current_user: Annotated[dict, Depends(get_active_user)]):
    return current_user


def get_basic_user(credentials: Annotated[HTTPBasicCredentials, Depends(basic)]):
    if not secrets.compare_digest(credentials.password.encode(), b"swordfish"):
        raise HTTPException(
            status_code=status.HTTP_401_UNAUTHORIZED,
            detail="Incorrect username or password!",
            headers={"WWW-Authenticate": "Basic"},
        )
    return credentials.username


@app.get("/basic/me")
def read_basic_user(username: Annotated[str, Depends(get_basic_user)]):
    return {"username": username}


# Bigger applications

router = APIRouter(prefix="/admin", responses={404: NOT_FOUND})


def refuse(words: str, code: int = 403):
    raise HTTPException(code, words)


@router.put("/items/{item_id}")
async def update_admin_item(item_id: str):
    if item_id != "plumbus":
        raise HTTPException(status_code=403, detail="You can only update the item: plumbus")
    return {"item_id": item_id}


@router.get("/helper")
def use_helper():
    refuse("Admins only")


@router.get("/constant")
def use_constant():
    raise HTTPException(status_code=409, detail=OUT_OF_STOCK)


@router.get("/class-attribute")
def use_class_attribute():
    raise HTTPException(410, Messages.EXPIRED)


@router.get("/enum")
def use_enum():
    raise HTTPException(403, Reasons.BANNED.value)


@router.get("/own-class")
def use_own_class():
    raise QuotaExceeded


@router.get("/own-class-attribute")
def use_own_class_attribute():
    raise PaymentMissing


@router.get("/shared-instance")
def use_shared_instance():
    raise not_enough


@router.get("/dictionary")
def use_dictionary():
    raise HTTPException(422, {"reason": "The date is in the past", "retry": False})


@router.get("/choice/{which}")
def use_choice(which: str):
    raise HTTPException(400, "Give a left side" if which == "left" else "Give a right side")


@router.get("/local")
def use_local():
    detail = "The shop is closed on Sundays"
    raise HTTPException(status_code=503, detail=detail)


@router.get("/except")
def use_except():
    try:
        return ITEMS["nothing"]
    except KeyError:
        raise HTTPException(404, "There is nothing")


@router.get("/from-none")
def use_from_none():
    try:
        return int("x")
    except ValueError:
        raise HTTPException(400, "Give a number") from None


app.include_router(router)

KEYS = {"x-token": "fake-super-secret-token", "x-key": "fake-super-secret-key"}

# Method, path, what else is sent, and the words that stand in the source above.
LITERALS = [
    ("GET", "/items/bar", {}, "Item not found"),
    ("GET", "/items-header/bar", {}, "This item is not in the list"),
    ("GET", "/nope/3", {}, "Nope! I don't like 3."),
    ("PUT", "/items/old", {"json": {"name": "a", "price": 1}}, "This item is no longer sold"),
    ("POST", "/items/", {"json": {"name": "foo", "price": 1}}, "Item already exists"),
    ("POST", "/items/", {"json": {"name": "a b", "price": 1}}, "Name must not contain spaces"),
    ("GET", "/guarded/", {"headers": {**KEYS, "x-token": "no"}}, "X-Token header invalid"),
    ("GET", "/guarded/", {"headers": {**KEYS, "x-key": "no"}}, "X-Key header invalid"),
    ("GET", "/owned/bar", {}, "Item not found, only plumbuses"),
    ("GET", "/session/-1", {}, "There are no negative items"),
    ("GET", "/queries/", {}, "Give a query, or come back with one"),
    (
        "POST",
        "/token",
        {"data": {"username": "x", "password": "x"}},
        "Incorrect username or password",
    ),
    (
        "POST",
        "/token",
        {"data": {"username": "alice", "password": "x"}},
        "Incorrect password, try again",
    ),
    (
        "GET",
        "/users/me",
        {"headers": {"authorization": "Bearer no"}},
        "Could not validate credentials",
    ),
    ("GET", "/users/me", {"headers": {"authorization": "Bearer alice"}}, "Inactive user"),
    ("GET", "/basic/me", {"auth": ("a", "b")}, "Incorrect username or password!"),
    ("PUT", "/admin/items/foo", {}, "You can only update the item: plumbus"),
    ("GET", "/admin/helper", {}, "Admins only"),
    ("GET", "/admin/constant", {}, "Item is out of stock"),
    ("GET", "/admin/class-attribute", {}, "The coupon has expired"),
    ("GET", "/admin/enum", {}, "This user was banned"),
    ("GET", "/admin/own-class", {}, "Your daily quota is used up"),
    ("GET", "/admin/own-class-attribute", {}, "A payment method is missing"),
    ("GET", "/admin/shared-instance", {}, "Not enough permissions for this item"),
    ("GET", "/admin/dictionary", {}, "The date is in the past"),
    ("GET", "/admin/choice/left", {}, "Give a left side"),
    ("GET", "/admin/choice/right", {}, "Give a right side"),
    ("GET", "/admin/local", {}, "The shop is closed on Sundays"),
    ("GET", "/admin/except", {}, "There is nothing"),
    ("GET", "/admin/from-none", {}, "Give a number"),
]
"""Words that an author wrote out: all of them are to reach the client."""

MADE_UP = [
    ("GET", "/owned/foo", {}, "Owner error: Rick"),
    ("GET", "/unicorns/yolo", {}, "Oops! yolo did something. There goes a rainbow..."),
]
"""Words that are put together at run time: none of them is to reach the client."""
