"""Builds of this checkout and of an older commit, and how their programs are started."""

import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def say(text):
    print(text, file=sys.stderr, flush=True)


def program(folder, configuration):
    """The program in a checkout that is built."""
    found = os.path.join(folder, ".build", configuration, "longtail")
    if not os.access(found, os.X_OK):
        sys.exit(f"{found} is not there: build it, or leave the option out and it is built")
    return found


def build(folder, configuration):
    """Builds a checkout."""
    say(f"building {folder} for {configuration}")
    done = subprocess.run(
        ["swift", "build", "-c", configuration, "--product", "longtail"], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{folder} cannot be built:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return program(folder, configuration)


class Worktree:
    """A commit of this repository in a folder of its own, for as long as a `with` lasts."""

    def __init__(self, commit, folder):
        self.commit, self.folder = commit, folder

    def __enter__(self):
        subprocess.run(["git", "worktree", "add", "--detach", self.folder, self.commit], cwd=ROOT, check=True, capture_output=True)
        # oneDNN and the packages that are here already need not be fetched again.
        os.symlink(os.path.join(ROOT, ".deps"), os.path.join(self.folder, ".deps"))
        os.makedirs(os.path.join(self.folder, ".build"))
        for name in ("repositories", "checkouts", "workspace-state.json"):
            source, target = os.path.join(ROOT, ".build", name), os.path.join(self.folder, ".build", name)
            if os.path.isdir(source):
                shutil.copytree(source, target, symlinks=True)
            elif os.path.exists(source):
                shutil.copy(source, target)
        if os.path.exists(os.path.join(ROOT, "Package.resolved")):
            shutil.copy(os.path.join(ROOT, "Package.resolved"), self.folder)
        return self.folder

    def __exit__(self, *_):
        subprocess.run(["git", "worktree", "remove", "--force", self.folder], cwd=ROOT, capture_output=True)


def train(program, run, overrides, ranks, resume, log):
    """Trains into a run directory. A failure ends the comparison with what the program has said."""
    command = [program, "train", os.path.join(os.path.dirname(os.path.abspath(__file__)), "common.yaml"), "--output", run, "--resume", resume]
    for text in overrides:
        command += ["--set", text]
    environment = {
        name: value for name, value in os.environ.items()
        if not name.startswith(("OMPI_", "PMIX_", "PMI_", "SLURM_", "OMP_")) and name not in ("RANK", "WORLD_SIZE")}
    environment.update(
        OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_mpi_yield_when_idle="1", OMP_WAIT_POLICY="passive",
        OMPI_MCA_btl_vader_single_copy_mechanism="none", OMPI_MCA_orte_tmpdir_base=os.path.dirname(run))
    if ranks > 1:
        command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] + command
    with open(log, "ab") as stream:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=environment)
    if done.returncode != 0:
        with open(log, errors="replace") as stream:
            raise RuntimeError(f"exit code {done.returncode} of {' '.join(command)}\n{stream.read()[-3000:]}")
