import os

from codelm_jax.sandbox import scratch


def test_removal_takes_a_tree_deeper_than_any_path(tmp_path):
    top = tmp_path / "top"
    top.mkdir()
    here = os.getcwd()
    os.chdir(top)
    for _ in range(1200):  # past the interpreter's recursion limit, and 6,000 characters long
        os.mkdir("deep")
        os.chdir("deep")
    with open("leaf", "w") as file:
        file.write("x")
    os.chdir(here)
    scratch.remove(str(top))
    assert not top.exists()


def test_removal_takes_a_bushy_tree(tmp_path):
    top = tmp_path / "top"
    for path in ("a/b/c", "a/b/d", "a/e", "f", "g/h"):
        (top / path).mkdir(parents=True)
        (top / path / "file").write_text("x")
    scratch.remove(str(top))
    assert not top.exists()


def test_removal_follows_no_link(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text("alive")
    top = tmp_path / "top"
    (top / "inner").mkdir(parents=True)
    for place in (top, top / "inner"):
        (place / "directory").symlink_to(outside)
        (place / "file").symlink_to(outside / "canary")
        (place / "dangling").symlink_to("nowhere")
    scratch.remove(str(top))
    assert (outside / "canary").read_text() == "alive"
    assert not top.exists()


def test_removal_takes_directories_without_permissions(tmp_path):
    top = tmp_path / "top"
    (top / "a" / "b" / "c").mkdir(parents=True)
    for path in (top / "a" / "b" / "c", top / "a" / "b", top / "a"):
        path.chmod(0)
    scratch.remove(str(top))
    assert not top.exists()


def test_limits_count_bytes_and_entries_below(tmp_path):
    limits = {"max_bytes": 100_000, "max_entries": 10, "max_depth": 3}
    assert not scratch.is_over(str(tmp_path), **limits)
    (tmp_path / "d").mkdir()
    for n in range(8):
        (tmp_path / "d" / str(n)).touch()
    assert not scratch.is_over(str(tmp_path), **limits)
    (tmp_path / "d" / "big").write_bytes(b"x" * 200_000)
    assert scratch.is_over(str(tmp_path), **limits)
    (tmp_path / "d" / "big").unlink()
    for n in range(8, 12):
        (tmp_path / "d" / str(n)).touch()
    assert scratch.is_over(str(tmp_path), **limits)


def test_limits_count_levels_below(tmp_path):
    limits = {"max_bytes": 10**6, "max_entries": 100, "max_depth": 3}
    (tmp_path / "a/b/c").mkdir(parents=True)
    assert not scratch.is_over(str(tmp_path), **limits)
    (tmp_path / "a/b/c/d").mkdir()
    assert scratch.is_over(str(tmp_path), **limits)


def test_a_directory_that_is_gone_is_within_limits(tmp_path):
    assert not scratch.is_over(str(tmp_path / "gone"), max_bytes=1, max_entries=1, max_depth=1)
