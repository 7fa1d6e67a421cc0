"""Names that strangers give: they stay names, and lead nowhere."""

import io
import os
import posixpath
from pathlib import Path

import httpx
import paramiko
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.db.connection import Connection
from include.intake import names
from include.sandbox.sftp import SftpServer
from include.sandbox.shopify import Emulator
from include.shopify import bulk_mutation
from include.shopify.client import Client
from tests.intake.drop import Drop, stores
from tests.world import World

FOLDER = "netsuite/inventory/in"

HOSTILE = [
    "../x.csv",
    "/etc/passwd.csv",
    "a/b.csv",
    "..\\x.csv",
    "C:\\x.csv",
    "..csv/../../x.csv",
    "x.csv\0.csv",
    "x\n.csv",
    "x\r.csv",
    "\x1b[2Jx.csv",
    "\u202excsv.csv",
    "\u2028.csv",
    "x" * 300 + ".csv",
    "..",
    ".",
    "",
    "..csv",
    ".csv",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("arrival", ["STABLE", "DONE_FILE"])
def test_a_hostile_name_is_not_taken(name: str, arrival: str) -> None:
    assert names.takeable("*", arrival, [name, f"{name}.done"]) in ([], [f"{name}.done"] if arrival == "STABLE" else [])


@given(st.text(max_size=30) | st.lists(st.sampled_from(["..", ".", "/", "\\", "a", "%2e", "~", "\0"])).map("".join))
def test_whatever_is_taken_stays_in_its_folders(name: str) -> None:
    for taken in names.takeable("*", "STABLE", [name]):
        for folder in ("", "processing/", "archive/7-", "failed/7-", "error/"):
            path = f"{FOLDER}/{folder}{taken}"
            assert posixpath.normpath(path) == path
            assert posixpath.dirname(path) == posixpath.dirname(f"{FOLDER}/{folder}")


def test_links_and_folders_in_the_drop_folder_are_left_alone(
    connection: Connection, sftp_client: paramiko.SFTPClient, sftp_server: SftpServer, world: World, tmp_path: Path
) -> None:
    stores(world)
    drop = Drop(connection, sftp_client, "RESET_INVENTORY")
    home = sftp_server.root / (sftp_client.getcwd() or "/").lstrip("/") / drop.folder
    outside = tmp_path / "outside.csv"
    outside.write_text("Item,externalFacilityId,availableQty,idValue\nA,43,6,521\n")
    (home / "link.csv").symlink_to(outside)
    (home / "up.csv").symlink_to("..")
    (home / "folder.csv").mkdir()
    os.mkfifo(home / "pipe.csv")
    assert drop.process() == []
    assert outside.exists()
    assert sorted(each.name for each in home.glob("*.csv")) == ["folder.csv", "link.csv", "pipe.csv", "up.csv"]
    assert world.stock() == {}


@pytest.mark.parametrize("path", ["../../etc/hostname", "/etc/hostname", "in/../../../etc/hostname", "//etc/hostname"])
def test_the_sandbox_sftp_server_cannot_be_left(sftp_client: paramiko.SFTPClient, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        sftp_client.open(path)
    with pytest.raises(OSError, match=r".*"):
        sftp_client.posix_rename("nothing", path)


@pytest.mark.parametrize("name", ["../../../evil.jsonl", "/evil.jsonl", "..", "a" * 5000, 'x"\r\nX: y'])
def test_the_emulator_keeps_uploads_and_results_in_its_folder(
    emulator: Emulator, client: Client, state: Path, name: str
) -> None:
    before = set(state.rglob("*evil*"))
    bulk_mutation.upload(client, name, io.BytesIO(b'{"input":{}}\n'))
    assert set(state.rglob("*evil*")) == before
    kept = [path.name for path in (state / "shopify" / "shop-files" / "uploads").iterdir()]
    assert all(len(each) == 64 for each in kept)
    for path in (
        "/bulk-results/../../shop.json",
        "/bulk-results/..%2f..%2fshop.json",
        "/bulk-results/%2e%2e/shop.json?Expires=99999999999&Signature=\u00e9",
        "/staged-uploads/../../x",
        "/control/../bulk-results/shop.json",
    ):
        assert httpx.get(f"{emulator.url}{path}", trust_env=False).status_code in (403, 404), path
