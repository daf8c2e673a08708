"""Which product pays, and what it requires."""

from __future__ import annotations

from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.client import GettyClient
from airflow_provider_getty.api.errors import AuthenticationError, Credit, InvalidRequestError
from airflow_provider_getty.api.operations import BackgroundRemoval, ListProducts
from airflow_provider_getty.api.products import check, check_listed
from airflow_provider_getty.api.results import Product

OTHER = Product(id=1, name="Premium Access", type="premiumaccess")
PLAIN = Product(id=7, name="AI Generator", type="aigen", status="Active")
EXPIRED = Product(id=6, type="aigen", status="Expired")
NAMELESS = Product(id=8, type="aigen")


def demanding(**requirements: Any) -> Product:
    return Product(id=9, name="AI for brands", type="aigen", ai_gen_requirements=requirements)


CODES = demanding(is_project_code_required=True, project_codes=["spring", "summer"])
NO_CODES = demanding(is_project_code_required=False, is_note_required=False, project_codes=[])
NOTES = demanding(is_note_required=True)


def operation(**arguments: Any) -> BackgroundRemoval:
    return BackgroundRemoval(image_id="1", **arguments)


@pytest.mark.parametrize(
    ("products", "arguments", "said"),
    [
        (
            [PLAIN, NAMELESS],
            {},
            "several AI Generator products, and no product_id is given: 7 (AI Generator), 8.",
        ),
        ([PLAIN, NAMELESS], {"product_id": 0}, "no product_id is given"),
        (
            [PLAIN, OTHER],
            {"product_id": 1},
            "product_id 1 is not one of the account's AI Generator products: 7",
        ),
        ([PLAIN], {"product_id": 5}, "product_id 5 is not one"),
        ([CODES], {}, "Product 9 (AI for brands) requires a project code, one of spring, summer."),
        ([CODES, PLAIN], {"product_id": 9}, "Product 9 (AI for brands) requires a project code"),
        ([CODES], {"project_code": "autumn"}, "one of spring, summer, not autumn."),
        ([demanding(is_project_code_required=True)], {}, "requires a project code."),
        ([NO_CODES], {"project_code": "spring"}, "takes no project code, but spring is given."),
        ([NOTES], {}, "Product 9 (AI for brands) requires notes."),
    ],
)
def test_what_the_products_do_not_allow_is_refused(
    products: list[Product], arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        check(operation(**arguments), products, marker=False)
    assert said in str(refusal.value)
    assert str(refusal.value).startswith("Background removal of image 1: ")
    assert Credit.UNUSED in str(refusal.value)
    assert "Nothing was submitted; " in str(refusal.value)


def test_names_are_quoted_in_one_bounded_line() -> None:
    odd = "\x1b[1mid\x1b[0m\n" + "y" * 5000
    product = demanding(is_project_code_required=True, project_codes=[odd, odd])
    with pytest.raises(InvalidRequestError) as refusal:
        check(operation(), [product.model_copy(update={"name": odd})], marker=False)
    assert "idyyy" not in str(refusal.value)
    assert "id yyy" in str(refusal.value)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize(
    ("products", "arguments", "marker"),
    [
        ([], {}, False),
        ([OTHER], {"product_id": 5}, False),
        ([PLAIN], {}, False),
        ([PLAIN], {"project_code": "spring"}, False),
        ([PLAIN, EXPIRED], {}, False),
        ([EXPIRED, EXPIRED], {}, False),
        ([PLAIN, EXPIRED], {"product_id": 6}, False),
        ([PLAIN, NAMELESS], {"product_id": 8}, False),
        ([CODES], {"project_code": "spring"}, False),
        ([demanding(is_project_code_required=True)], {"project_code": "any"}, False),
        ([NO_CODES], {}, False),
        ([NOTES], {"notes": "for the campaign"}, False),
        ([NOTES], {}, True),
        ([demanding(is_project_code_required="maybe", is_note_required="?", project_codes="?")], {}, False),
    ],
)
def test_what_they_allow_or_do_not_speak_of_is_not(
    products: list[Product], arguments: dict[str, Any], *, marker: bool
) -> None:
    check(operation(**arguments), products, marker=marker)


@pytest.fixture
def account(getty_emulator: Emulator) -> Account:
    return Account(
        api_key=getty_emulator.api_key, api_secret=getty_emulator.api_secret, base_url=getty_emulator.url
    )


def listings(getty: Emulator) -> int:
    return [request["operation"] for request in getty.requests()].count("products")


def test_a_process_lists_the_products_of_an_account_once(getty_emulator: Emulator, account: Account) -> None:
    for _ in range(2):
        with GettyClient(account) as client:
            check_listed(client, operation(), marker=False)
    assert listings(getty_emulator) == 1


def test_it_does_not_where_everything_is_chosen(getty_emulator: Emulator, account: Account) -> None:
    with GettyClient(account) as client:
        check_listed(client, operation(product_id=10001, project_code="spring"), marker=True)
    assert listings(getty_emulator) == 0


def test_after_a_refusal_they_are_listed_anew(getty_emulator: Emulator, account: Account) -> None:
    getty_emulator.configure_account(products=[{"id": 7}, {"id": 8}])
    with GettyClient(account) as client:
        with pytest.raises(InvalidRequestError, match="several"):
            check_listed(client, operation(), marker=False)
        getty_emulator.configure_account(products=[{"id": 7}])
        check_listed(client, operation(), marker=False)


@pytest.mark.parametrize("fault", ["server-error", "html", "queries-per-second", "cut-before"])
def test_products_that_cannot_be_listed_are_let_be(
    getty_emulator: Emulator, account: Account, fault: str
) -> None:
    getty_emulator.fault(fault, "products", times=None)
    with GettyClient(account) as client:
        check_listed(client, operation(product_id=5), marker=False)
        check_listed(client, operation(product_id=5), marker=False)
    assert listings(getty_emulator) == 1


def test_a_wrong_secret_is_an_error_at_once(getty_emulator: Emulator) -> None:
    account = Account(api_key=getty_emulator.api_key, api_secret="wrong", base_url=getty_emulator.url)
    with GettyClient(account) as client, pytest.raises(AuthenticationError):
        check_listed(client, operation(), marker=False)


def test_the_emulator_tells_of_products_as_the_rule_reads_it(
    getty_emulator: Emulator, account: Account
) -> None:
    getty_emulator.configure_account(
        products=[{"id": 8, "project_code": "required", "notes": "required", "project_codes": ["spring"]}]
    )
    with GettyClient(account) as client:
        products = client.ask(ListProducts()).products
    with pytest.raises(InvalidRequestError, match="requires notes"):
        check(operation(), products, marker=False)
    with pytest.raises(InvalidRequestError, match="one of spring"):
        check(operation(), products, marker=True)
