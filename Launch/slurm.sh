#!/usr/bin/env bash
#
# Example of a Slurm job: edit the numbers, then `sbatch Launch/slurm.sh Configs/CONFIG.yaml runs/NAME` from the repository root.
#
# Two minutes before the time limit Slurm sends SIGUSR1 to this shell, which passes it on. Longtail then saves at the end of the step
# and exits with 75; the job puts itself back into the queue and goes on from there.

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
Launch/run train "$config" --output "$output" --resume auto &
job=$!
trap 'kill -USR1 "$job"' USR1
trap 'kill -TERM "$job"' TERM

# A signal ends `wait` early; only the end of the job ends the loop.
code=0
while true; do
  code=0
  wait "$job" || code=$?
  kill -0 "$job" 2>/dev/null || break
done

if ((code == 75)); then
  scontrol requeue "$SLURM_JOB_ID"
  exit 0
fi
exit "$code"
