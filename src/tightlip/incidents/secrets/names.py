"""Is what stands under this name a secret?"""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import normalize

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")

_SECRET_WORDS = frozenset(
    """
    pass passes passcode passphrase passwd password passwords pin pins pw pwd pswd psw pword
    auth authorization bearer cred creds credential credentials
    cookie cookies csrf jwt jwe otp otps totp mfa secret secrets session sessionid sessid sid
    sig signature token tokens xsrf apikey cvc cvv csc pan ssn nino cpf iban mnemonic salt
    assertion verifier passport psk hmac passord sifre jelszo salasana
    """.split()  # noqa: SIM905 - a column of words reads better than a list of quoted ones
)
_SECRET_PARTS = tuple(
    """
    password passwd passphrase credential apikey accesskey privatekey secretkey sharedkey signingkey
    encryptionkey decryptionkey cryptkey cipherkey masterkey rootkey adminkey accountkey servicekey
    sessionkey authkey storagekey clientkey consumerkey appkey applicationkey subscriptionkey
    functionskey instrumentationkey writekey webhookkey hmackey aeskey rsakey jwtkey sshkey
    deploykey fernetkey vapidkey serverkey licensekey licencekey hostkey recoverykey secretaccess
    storepass keypass dbpass rootpass adminpass
    stripekey openaikey anthropickey sendgridkey mailgunkey twiliokey googlekey mapskey algoliakey
    datadogkey githubkey gitlabkey azurekey awskey cosmoskey privatemac
    requirepass masterauth phpsessid jsessionid aspsessionid samlresponse samlrequest oidcdata
    creditcard debitcard cardnumber ccnumber securitycode socialsecurity socialinsurance nationalid
    nationalinsurance taxid taxnumber passportno accountnumber bankaccount routingnumber sortcode
    driverlicen driverslicen drivinglicen aadhaar
    seedphrase recoverycode recoveryphrase verificationcode verifycode backupcode mfacode smscode
    facode twofactorcode logincode authcode accesscode invitecode resetcode confirmationcode
    activationcode unlockcode onetimecode securityanswer secretanswer magiclink resetlink rememberme
    userpass passwort kennwort motdepasse contrasena senha wachtwoord parola haslo heslo lozinka
    geheim adgangskode katasandi
    """.split()  # noqa: SIM905 - as above
)
_SECRET_ELSEWHERE = (
    "contraseña",
    "lösenord",
    "hasło",
    "пароль",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
    "şifre",
    "zugangsschlüssel",
    "jelszó",
    "κωδικόσ",  # as `casefold` writes its last letter
    "mậtkhẩu",
    "كلمةالمرور",
    "סיסמה",
)
_JOINTS = str.maketrans("", "", "_- .")
_SECRET_ENDS = ("token", "tokens", "secret", "secrets")
_SECRET_LAST_WORDS = ("accountno", "cardno", "sslkey", "tlskey")

_MEASURES = frozenset(
    """
    age algorithm at attempts audience backend bucket class column count country created date days
    disabled domain duration enabled endpoint environment error errors exception expiration expired
    expires expiry factory failures field fields file form format handler hasher hashers host hours
    in issuer kind label len length limit location maker manager max method methods middleware min
    minutes mode model ms name names office path policy pool port provider rate ratio realm regex
    required result retries rotation rules scheme schemes scope scopes second seconds server
    service size status stdin store strength table time timeout ttl type types updated uri url user
    username valid validator validators version view
    """.split()  # noqa: SIM905 - as above
)
_FAULTS = ("Error", "Exception", "error", "exception")
_QUESTIONS = frozenset(
    {"allow", "can", "has", "is", "max", "min", "must", "needs", "no", "num", "requires", "total"}
)


@lru_cache(maxsize=4096)  # names come from clients too: the memory has a bound
def is_secret_name(name: str) -> bool:
    """Tell whether what stands under `name` must not be kept.

    A name is read by its words (`userPassword`, `X-Api-Key`, `DB_PASS`), so that `tokenizer` and
    `author` are plain. A name that asks or measures (`has_password`, `token_count`,
    `session_timeout`) is plain too. Who takes names from strangers bounds their length.
    """
    if not name.isascii() and _joined(name).endswith(_SECRET_ELSEWHERE):
        return True
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _MEASURES or words[0] in _QUESTIONS:
        return False
    if not _SECRET_WORDS.isdisjoint(words):
        return True
    joined = "".join(words)
    return (
        joined.endswith(_SECRET_LAST_WORDS)
        or any(part in joined for part in _SECRET_PARTS)
        or any(word.endswith(_SECRET_ENDS) for word in words)
    )


def _joined(name: str) -> str:
    """Return a name in one letter case, in one of the ways to write accents, without its joints."""
    return normalize("NFC", name).casefold().translate(_JOINTS)


def is_key_name(name: str) -> bool:
    """Tell whether `name` is that of a key, which is a secret where its value is random."""
    return name[-3:].lower() == "key" or name[-4:].lower() == "keys"


def is_fault_name(name: str) -> bool:
    """Tell whether `name` is that of a fault of a secret, such as `InvalidTokenError`.

    What stands behind it is a sentence, or the secret.
    """
    return any(
        name.endswith(fault) and is_secret_name(name.removesuffix(fault)) for fault in _FAULTS
    )


def counts(name: str) -> bool:
    """Tell whether a number under `name` is how many there are: `prompt_tokens`, `sessions`."""
    return name.lower().removesuffix("_used").endswith(("tokens", "passes"))
