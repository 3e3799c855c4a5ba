"""Twenty routes in the manner of FastAPI's tutorial, with the good words that its authors write."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import (
    APIRouter,
    Body,
    Depends,
    FastAPI,
    Header,
    HTTPException,
    Path,
    Query,
    Request,
    Security,
    UploadFile,
    status,
)
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel

ITEMS = {"foo": {"name": "Foo", "owner": "rick"}, "bar": {"name": "Bar", "owner": "morty"}}
USERS = {
    "alice": {"password": "wonder", "disabled": False},
    "bob": {"password": "x", "disabled": True},
}
NOT_ENOUGH_STOCK = "Not enough items in stock"


class Messages:
    DUPLICATE = "An item with this name already exists"


class Refusal(StrEnum):
    CLOSED = "The shop is closed on Sundays"


class TeapotError(HTTPException):
    def __init__(self) -> None:
        super().__init__(status.HTTP_400_BAD_REQUEST, "The teapot is short and stout")


class Item(BaseModel):
    name: str
    price: float = 1


app = FastAPI()
router = APIRouter(prefix="/orders")
scheme = OAuth2PasswordBearer(tokenUrl="token", auto_error=False)


def refuse(code: int, words: str) -> None:
    raise HTTPException(status_code=code, detail=words)


async def verify_token(x_token: Annotated[str, Header()] = "") -> None:
    if x_token != "fake-super-secret-token":
        raise HTTPException(status_code=400, detail="X-Token header invalid")


async def verify_key(x_key: Annotated[str, Header()] = "") -> str:
    if x_key != "fake-super-secret-key":
        raise HTTPException(status_code=400, detail="X-Key header invalid")
    return x_key


def get_current_user(token: Annotated[str | None, Depends(scheme)]) -> str:
    credentials_exception = HTTPException(
        status_code=status.HTTP_401_UNAUTHORIZED,
        detail="Could not validate credentials",
        headers={"WWW-Authenticate": "Bearer"},
    )
    try:
        name = {"good": "alice", "idle": "bob"}[token or ""]
    except KeyError:
        raise credentials_exception from None
    return name


async def get_active_user(user: Annotated[str, Depends(get_current_user)]) -> str:
    if USERS[user]["disabled"]:
        raise HTTPException(status_code=400, detail="Inactive user")
    return user


def get_owner(item_id: str):
    try:
        yield "Rick"
    finally:
        if item_id == "late":
            raise HTTPException(status_code=400, detail="Owner error")


@app.get("/items/{item_id}")
async def read_item(item_id: str):
    if item_id not in ITEMS:
        raise HTTPException(status_code=404, detail="Item not found")
    return ITEMS[item_id]


@app.get("/items-header/{item_id}")
async def read_item_header(item_id: str):
    if item_id not in ITEMS:
        raise HTTPException(
            status_code=404,
            detail="Item not found here",
            headers={"X-Error": "There goes my error"},
        )
    return ITEMS[item_id]


@app.get("/guarded", dependencies=[Depends(verify_token), Depends(verify_key)])
async def read_guarded():
    return []


@app.get("/keyed", dependencies=[Depends(verify_key)])
def read_keyed():
    return []


@app.get("/users/me")
async def read_me(user: Annotated[str, Depends(get_active_user)]):
    return user


@app.get("/users/me/items")
async def read_own_items(user: Annotated[str, Security(get_current_user, scopes=["items"])]):
    raise HTTPException(status.HTTP_403_FORBIDDEN, "Not enough permissions")


@app.post("/token")
def login(username: Annotated[str, Body()], password: Annotated[str, Body()]):
    user = USERS.get(username)
    if not user:
        raise HTTPException(status_code=400, detail="Incorrect username or password")
    if user["password"] != password:
        detail = "Wrong password"
        raise HTTPException(status_code=400, detail=detail)
    return {"access_token": username}


@app.post("/items")
def create_item(item: Item):
    if item.name.lower() in ITEMS:
        raise HTTPException(status_code=409, detail=Messages.DUPLICATE)
    return item


@app.put("/items/{item_id}")
def update_item(item_id: Annotated[str, Path()], item: Item):
    if item_id != "foo":
        raise HTTPException(status_code=403, detail="You can only update the item: foo")
    return item


@app.delete("/items/{item_id}", status_code=204)
def delete_item(item_id: str):
    ITEMS.get(item_id) or refuse(404, "There is no such item to delete")


@app.get("/owners/{item_id}")
def read_owner(item_id: str, owner: Annotated[str, Depends(get_owner)]):
    if item_id not in ITEMS:
        raise HTTPException(404, detail="This item has no owner")
    return owner


@app.post("/files")
async def upload(file: UploadFile):
    if not (file.filename or "").endswith(".csv"):
        raise HTTPException(status_code=415, detail="Only comma-separated files are accepted")
    return {"size": file.size}


@app.get("/search")
def search(q: Annotated[str | None, Query(max_length=50)] = None, limit: int = 10):
    if not q:
        raise HTTPException(status_code=400, detail="Search for at least one word")
    if limit > 100:
        raise HTTPException(
            status_code=400,
            detail={"reason": "Ask for fewer results", "limit": 100},
        )
    return []


@app.get("/tea")
async def tea():
    raise TeapotError


@app.get("/sunday")
async def sunday():
    raise HTTPException(503, Refusal.CLOSED, {"Retry-After": "3600"})


@app.get("/vip")
async def vip(request: Request):
    words = "Welcome" if request.headers.get("x-vip") else "Only for members"
    raise HTTPException(status_code=403, detail=words)


@router.post("/{order_id}/pay")
def pay(order_id: int):
    raise HTTPException(status.HTTP_402_PAYMENT_REQUIRED, "Your card was declined")


@router.post("/{order_id}/ship")
def ship(order_id: int):
    if order_id > 3:
        raise HTTPException(status_code=409, detail=NOT_ENOUGH_STOCK)
    return order_id


@router.get("/{order_id}")
async def read_order(order_id: int):
    try:
        return {1: "paid"}[order_id]
    except KeyError as missing:
        raise HTTPException(status_code=404, detail="Order not found") from missing


@router.post("/{order_id}/cancel")
async def cancel(order_id: int, reason: Annotated[str, Body(embed=True)]):
    if order_id == 1:
        raise HTTPException(
            status_code=status.HTTP_409_CONFLICT,
            detail=("This order is on its way and can no longer be cancelled"),
        )
    return reason


app.include_router(router)
