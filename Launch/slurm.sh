#!/usr/bin/env bash
#
# Example of a Slurm job: edit the numbers, then `sbatch Launch/slurm.sh Configs/CONFIG.yaml runs/NAME` from the directory that Launch is in:
# the repository's root, or where a tarball was unpacked.
#
# Two minutes before the time limit Slurm sends SIGUSR1 to this shell, and SIGTERM before it takes the nodes for another job; both are
# passed on. Longtail then saves at the end of the step and exits with 75; the job puts itself back into the queue and goes on from there.
# A rank or node that fails costs a restart inside the job; so does a stall (77), which puts the job back into the queue if it comes again.

#SBATCH --job-name=longtail
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=12:00:00
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append

set -euo pipefail

config=${1:?usage: sbatch Launch/slurm.sh CONFIG RUN_DIRECTORY}
output=${2:?usage: sbatch Launch/slurm.sh CONFIG RUN_DIRECTORY}

# `auto` goes on with a run that is already there, and begins one where there is none.
# The time that SIGTERM leaves must fit into the partition's GraceTime.
export LONGTAIL_TERMINATION_SECONDS=${LONGTAIL_TERMINATION_SECONDS:-25}
job=
asked=
pass_on() {
  asked=$1
  if [[ -n $job ]]; then kill "-$1" "$job" 2>/dev/null || true; fi
}
trap 'pass_on USR1' USR1
trap 'pass_on TERM' TERM
Launch/run --restarts 3 train "$config" --output "$output" --resume auto &
job=$!
# Whatever came before the job was known.
if [[ -n $asked ]]; then pass_on "$asked"; fi

# A signal ends `wait` early; only the end of the job ends the loop. The shell remembers its code.
while kill -0 "$job" 2>/dev/null; do
  wait "$job" || true
done
code=0
wait "$job" || code=$?

requeue() {
  echo "slurm.sh: $1: back into the queue"
  # Where Slurm has taken the nodes for another job, it requeues this one by itself.
  scontrol requeue "$SLURM_JOB_ID" || echo "slurm.sh: scontrol does not requeue job $SLURM_JOB_ID; sbatch the same command to go on"
  exit 0
}

if ((code == 75)); then requeue "stopped on request, checkpoint complete"; fi
# Slurm may reach mpirun itself, which then returns 1 although the ranks have saved; the file tells.
if ((code != 0)) && [[ -e $output/STOPPED ]]; then requeue "stopped on request, checkpoint complete (code $code)"; fi
# Once: a stall that comes back is for a person to look at.
if ((code == 77 && ${SLURM_RESTART_COUNT:-0} == 0)); then requeue "stalled"; fi
exit "$code"
