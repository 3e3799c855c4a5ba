"""Is what stands under this name a secret?"""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")

_SECRET_WORDS = frozenset(
    """
    pass passes passcode passphrase passwd password passwords pin pw pwd
    auth authorization bearer cred creds credential credentials
    cookie cookies csrf jwt otp secret secrets session sessionid sessid sid signature
    token tokens totp xsrf apikey cvc cvv ssn mnemonic
    """.split()  # noqa: SIM905 - a column of words reads better than a list of quoted ones
)
_SECRET_PARTS = (
    "password",
    "passwd",
    "passphrase",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "secretkey",
    "sharedkey",
    "signingkey",
    "encryptionkey",
    "decryptionkey",
    "masterkey",
    "accountkey",
    "servicekey",
    "sessionkey",
    "authkey",
    "stripekey",
    "licensekey",
    "phpsessid",
    "jsessionid",
    "creditcard",
    "cardnumber",
    "ccnumber",
    "securitycode",
    "socialsecurity",
    "seedphrase",
    "recoverycode",
    "verificationcode",
    "backupcode",
    "mfacode",
)
_SECRET_ENDS = ("token", "tokens", "secret", "secrets")

_MEASURES = frozenset(
    """
    age algorithm at class count endpoint expiration expired expires expiry factory field fields in
    len length limit maker max min name path policy seconds size strength timeout ttl type uri url
    """.split()  # noqa: SIM905 - as above
)
_QUESTIONS = frozenset({"has", "is", "max", "min", "needs", "num", "requires", "total"})


@lru_cache(maxsize=4096)  # names come from clients too: the memory has a bound
def is_secret_name(name: str) -> bool:
    """Tell whether what stands under `name` must not be kept.

    A name is read by its words (`userPassword`, `X-Api-Key`, `DB_PASS`), so that `tokenizer` and
    `author` are plain. A name that asks or measures (`has_password`, `token_count`,
    `session_timeout`) is plain too. Who takes names from strangers bounds their length.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _MEASURES or words[0] in _QUESTIONS:
        return False
    if not _SECRET_WORDS.isdisjoint(words):
        return True
    joined = "".join(words)
    return any(part in joined for part in _SECRET_PARTS) or any(
        word.endswith(_SECRET_ENDS) for word in words
    )
