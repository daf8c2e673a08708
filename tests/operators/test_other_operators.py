"""The operators that make no images: registration, prompts, and downloads again."""

from __future__ import annotations

import inspect
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG, BaseOperator
from getty_emulator.server import Emulator
from PIL import Image

from airflow_provider_getty.api.errors import Credit, InvalidRequestError, TransportError
from airflow_provider_getty.api.results import Download
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.operators.background_generation import GettyBackgroundGenerationOperator
from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.enhance_prompt import GettyEnhancePromptOperator
from airflow_provider_getty.operators.influence_color import GettyInfluenceColorOperator
from airflow_provider_getty.operators.redownload import GettyRedownloadOperator
from airflow_provider_getty.operators.register_file import GettyRegisterFileOperator
from tests.support.download_tasks import draw_nothing, generate
from tests.support.generating_cases import a_generation
from tests.support.getty_journal import sent
from tests.support.object_stores import Bucket
from tests.support.task_runs import DAG_ID, TaskRun, Worker


@pytest.fixture
def shoe(tmp_path: Path) -> Path:
    path = tmp_path / "shoe.png"
    image = Image.new("RGBA", (300, 200))
    image.paste((200, 30, 30, 255), (50, 80, 250, 160))
    image.save(path)
    return path


def register(**changes: Any) -> GettyRegisterFileOperator:
    arguments: dict[str, Any] = {"task_id": "register", "rights_claimed": True, "category": "CustomerProduct"}
    return GettyRegisterFileOperator(**arguments | changes)


def test_a_registered_product_gets_a_background(getty: Emulator, shoe: Path) -> None:
    worker = Worker()
    with DAG(DAG_ID, schedule=None):
        product = register(file=str(shoe))
        scene = GettyBackgroundGenerationOperator(
            task_id="scene", reference_file_registration_id=product.output, prompt="on a beach"
        )
    registered = worker.run(product)
    assert registered.state == "success", registered.message
    assert isinstance(registered.result, str)
    assert sent(getty) == ["upload", "token", "file-registrations"]
    assert getty.ledger()["total"] == 0
    assert worker.run(scene).state == "success"


def test_a_registered_reference_influences_an_image(getty: Emulator, shoe: Path) -> None:
    reference = Worker().run(register(file=shoe.read_bytes(), category="ImageReference")).result
    influenced = Worker().run(
        GettyInfluenceColorOperator(
            task_id="influenced", reference_file_registration_id=reference, prompt="a street", noise_level=0.5
        )
    )
    assert influenced.state == "success", influenced.message


def test_a_file_to_register_may_be_a_template(getty: Emulator, shoe: Path) -> None:
    run = Worker(conf={"file": shoe.as_uri()}).run(register(file="{{ dag_run.conf.file }}"))
    assert run.state == "success", run.message


def test_registrations_are_mapped_over_files(getty: Emulator, shoe: Path) -> None:
    with DAG(DAG_ID, schedule=None):
        mapped = GettyRegisterFileOperator.partial(
            task_id="register", rights_claimed=True, category="ImageReference"
        ).expand(file=[str(shoe), shoe.as_uri()])
    assert Worker().run(mapped, map_index=1).state == "success"


@pytest.mark.parametrize("claimed", [False, None, "yes", 1])
def test_rights_that_are_not_claimed_are_an_error_in_the_dag_file(claimed: Any) -> None:
    with pytest.raises(InvalidRequestError, match="rights_claimed is"):
        register(file="shoe.png", rights_claimed=claimed)


def refused(getty: Emulator, run: TaskRun) -> str:
    assert (run.state, sent(getty)) == ("failed", [])
    assert isinstance(run.error, AirflowFailException)
    return run.message


def test_what_cannot_be_registered_is_not_uploaded(getty: Emulator, shoe: Path) -> None:
    with pytest.raises(InvalidRequestError, match="it must be one of ImageReference, CustomerProduct"):
        register(file=str(shoe), category="Cat")
    run = Worker().run(register(file=str(shoe), category="{{ 'Cat' }}"), retries_left=True)
    assert "'ImageReference' or 'CustomerProduct'" in refused(getty, run)
    run = Worker().run(register(file="nowhere.png"), retries_left=True)
    assert "The file 'nowhere.png' does not exist" in refused(getty, run)


@pytest.mark.filterwarnings("ignore:UPath")
def test_a_file_in_a_store_that_is_away_costs_nothing_and_is_worth_a_retry(
    getty: Emulator, mocker: Any
) -> None:
    mocker.patch.object(Bucket, "info", side_effect=ValueError("the endpoint cannot be reached"))
    run = Worker().run(register(file="bucket://b/shoe.png"), retries_left=True)
    assert (run.state, sent(getty)) == ("up_for_retry", [])
    assert isinstance(run.error, TransportError)
    assert "The file 'bucket://b/shoe.png' cannot be read now: the endpoint cannot be reached." in run.message
    assert Credit.UNUSED in run.message


@pytest.mark.parametrize("call", ["upload", "file-registrations"])
def test_trouble_with_a_registration_is_waited_out(getty: Emulator, shoe: Path, call: str) -> None:
    getty.fault("server-error", call, times=2)
    assert Worker().run(register(file=str(shoe))).state == "success"
    assert sent(getty).count(call) == 3


def test_a_prompt_is_enhanced(getty: Emulator) -> None:
    run = Worker(conf={"prompt": "balloons"}).run(
        GettyEnhancePromptOperator(task_id="enhance", prompt="{{ dag_run.conf.prompt }}")
    )
    assert "balloons" in run.result
    assert len(run.result) > len("balloons")
    assert getty.ledger()["total"] == 0


def test_an_empty_prompt_is_not_sent(getty: Emulator) -> None:
    run = Worker().run(GettyEnhancePromptOperator(task_id="enhance", prompt="{{ '' }}"), retries_left=True)
    assert "prompt" in refused(getty, run)


@pytest.fixture
def asset(getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of an image that was downloaded before."""
    from airflow_provider_getty.api.operations import GetDownload  # noqa: PLC0415

    draw_nothing(monkeypatch)
    generation = generate(getty)["generation_request_id"]
    hook = GettyHook()
    hook.download(generation, tmp_path / "first.jpg")
    ready = hook.get_conn().ask(GetDownload(generation_request_id=generation))
    hook.get_conn().close()
    getty._service.journal.clear()
    assert isinstance(ready, Download)
    assert ready.generated_asset_id
    return ready.generated_asset_id


def redownload(**changes: Any) -> GettyRedownloadOperator:
    arguments: dict[str, Any] = {"task_id": "again", "product_id": 10001} | changes
    return GettyRedownloadOperator(**arguments)


def test_what_was_downloaded_is_downloaded_once_more(getty: Emulator, tmp_path: Path, asset: str) -> None:
    task = redownload(generated_asset_id="{{ dag_run.conf.asset }}", destination=f"{tmp_path}/again/")
    run = Worker(conf={"asset": asset}).run(task)
    assert run.state == "success", run.message
    assert run.result == f"{tmp_path}/again/{asset}-1k.jpg"
    with Image.open(BytesIO(Path(run.result).read_bytes())) as image:
        assert max(image.size) == 1024


def test_what_is_there_already_is_not_downloaded_again(getty: Emulator, tmp_path: Path, asset: str) -> None:
    there = tmp_path / "there.jpg"
    there.write_bytes(b"an image")
    run = Worker().run(redownload(generated_asset_id=asset, destination=str(there)))
    assert (run.state, sent(getty)) == ("success", [])


def test_the_product_may_be_the_connections(
    getty: Emulator, tmp_path: Path, asset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = getty.connection | {"extra": {"product_id": 10001}}
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(connection))
    task = redownload(generated_asset_id=asset, destination=f"{tmp_path}/again.jpg", product_id=None)
    assert Worker().run(task).state == "success"


def test_without_a_product_it_is_not_sent(getty: Emulator, tmp_path: Path) -> None:
    task = redownload(generated_asset_id="1", destination=f"{tmp_path}/again.jpg", product_id=None)
    assert "product_id" in refused(getty, Worker().run(task, retries_left=True))
    assert not list(tmp_path.iterdir())


def test_a_redownload_whose_answer_is_lost_is_not_repeated(
    getty: Emulator, tmp_path: Path, asset: str
) -> None:
    getty.fault("cut-after", "redownloads")
    run = Worker().run(
        redownload(generated_asset_id=asset, destination=f"{tmp_path}/again.jpg"), retries_left=True
    )
    assert isinstance(run.error, AirflowFailException)
    assert sent(getty).count("redownloads") == 1
    assert not (tmp_path / "again.jpg").exists()


@pytest.mark.parametrize(
    "operator",
    [
        GettyDownloadOperator,
        GettyRedownloadOperator,
        GettyRegisterFileOperator,
        GettyEnhancePromptOperator,
    ],
)
def test_each_argument_is_described(operator: type[BaseOperator]) -> None:
    described = "".join(base.__doc__ or "" for base in operator.__mro__[:2])
    arguments = set(inspect.signature(operator.__init__).parameters) - {"self", "kwargs"}
    assert [name for name in arguments if f":param {name}:" not in described] == []


def test_variations_are_of_the_first_image_that_is_shown(getty: Emulator) -> None:
    from airflow_provider_getty.operators.variations import GettyVariationsOperator  # noqa: PLC0415

    result = GettyHook().get_generation(a_generation()).summary()
    result["results"][0]["is_blocked"] = True
    worker = Worker(xcoms={"first": result})
    task = GettyVariationsOperator(task_id="more", generation_request_id=result)
    assert worker.run(task).state == "success"
    assert getty.generations()[-1]["source"]["index"] == 1
