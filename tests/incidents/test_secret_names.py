from __future__ import annotations

import pytest

from tightlip.incidents.secrets.names import counts, is_secret_name


@pytest.mark.parametrize(
    "name",
    "password PASSWORD userPassword db_password DB_PASS passwd pwd pw passphrase new-password "
    "hashed_password password_hash secret client_secret clientSecret AWS_SECRET_ACCESS_KEY "
    "secret_key SECRET_KEY token access_token accessToken accesstoken refresh_token id_token "
    "csrfmiddlewaretoken api_key apikey apiKey X-Api-Key x-api-key api-key authorization "
    "Proxy-Authorization Authorization cookie Cookie Set-Cookie credential credentials creds "
    "private_key privateKey private_key_pem encryption_key signing_key session session_id "
    "sessionid JSESSIONID PHPSESSID ssn cvv cvc pin card_pin otp jwt X-Auth-Token "
    "x-amz-security-token X-CSRFToken card_number credit_card cc_number security_code "
    "user.password signature mnemonic auth ssl_key tlsKey 2fa_code two_factor_code account_no cardNo "
    "passord sifre jelszo jelszó salasana kata_sandi ΚΩΔΙΚΌΣ mật_khẩu كلمة_المرور סיסמה".split(),
)
def test_a_secret_name_is_known_in_every_spelling(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    "tokenizer tokenize author authors authority authored secretary pinned pinging spin passenger "
    "compass bypassed passive email name key primary_key cache_key foreign_key sort_key "
    "public_key keyboard token_count max_tokens total_tokens token_type token_url has_password "
    "is_secret password_min_length password_changed_at session_timeout sessionmaker "
    "session_factory cookie_name user-agent host accept content-type x-request-id "
    "account_not_found cardNotFound bypass_order password_label cookie_domain session_duration_ms "
    "cvv_result iban_country shipping opinion assessor cookiecutter 123 _ ä".split(),
)
def test_a_name_that_only_looks_like_a_secret_is_plain(name):
    assert not is_secret_name(name)


def test_names_from_clients_are_remembered_within_a_bound():
    for number in range(10_000):
        is_secret_name(f"name{number}")
    assert is_secret_name.cache_info().currsize <= 4096


@pytest.mark.parametrize("name", ["tokens", "prompt_tokens", "tokens_used", "TOKENS_USED"])
def test_a_number_under_some_names_is_how_many_there_are(name):
    assert counts(name)


@pytest.mark.parametrize("name", ["token", "password_used", "token_used", "pass"])
def test_a_number_under_other_names_may_be_the_secret(name):
    assert not counts(name)
