"""Start a server from the file itself: its refusals and its banner are covered by `shield` too."""

from __future__ import annotations

import sys

from fastapi import FastAPI, HTTPException

from tightlip import shield

app = shield(FastAPI())


@app.get("/rooms/{number}")
def room(number: int) -> dict[str, int]:
    if number > 3:  # noqa: PLR2004 - the house has three rooms
        raise HTTPException(404, "There is no such room")
    return {"number": number}


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app, port=int(sys.argv[1]))
