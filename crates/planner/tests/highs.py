"""Holds the planner against HiGHS on the same model. Run by hand; needs the Python package highspy and the built example.

usage: highs.py SOLVE_EXAMPLE SECONDS INSTANCE...

For each instance: the planner's plan and bound; the plan, choices fixed, in the full model (must be feasible with the same objective);
HiGHS's own plan and bound after so many seconds on one thread. Each side's plan must lie below the other's bound.
"""
import json
import resource
import subprocess
import sys
import tempfile

import highspy


def model(path, seconds):
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("time_limit", float(seconds))
    highs.setOptionValue("mip_rel_gap", 1e-9)
    highs.readModel(path)
    return highs


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main():
    example, seconds, instances = sys.argv[1], sys.argv[2], sys.argv[3:]
    print("| instance | plan | bound | gap % | CPU s | fixed in HiGHS | HiGHS plan | HiGHS bound | gap % | CPU s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for instance in instances:
        with tempfile.TemporaryDirectory() as folder:
            plan_path, mps_path = folder + "/plan.json", folder + "/model.mps"
            run = subprocess.run([example, instance, "--quiet", "--plan", plan_path, "--mps", mps_path], check=True, capture_output=True)
            ours = json.loads(run.stdout.splitlines()[-1])
            plan = json.load(open(plan_path))
            done = {"x_%d_%d_%d_%d" % tuple(choice) for choice in plan["choices"]}
            fixed = model(mps_path, 600)
            lp = fixed.getLp()
            for column, name in enumerate(lp.col_names_):
                if name.startswith("x_"):
                    value = 1.0 if name in done else 0.0
                    fixed.changeColBounds(column, value, value)
            fixed.run()
            feasible = fixed.getModelStatus() == highspy.HighsModelStatus.kOptimal
            objective = round(fixed.getInfo().objective_function_value * 1e6) if feasible else None
            same = "yes" if feasible and abs(objective - plan["objective"]) <= max(2, 1e-9 * objective) else f"NO ({objective})"
            begin = cpu()
            theirs = model(mps_path, seconds)
            theirs.run()
            info = theirs.getInfo()
            their_plan, their_bound = info.objective_function_value, info.mip_dual_bound
            gap = (their_bound - their_plan) / max(abs(their_bound), 1e-9)
            name = instance.rsplit("/", 1)[-1]
            if their_plan * 1e6 > ours["bound"] + 1e4 or ours["objective"] > their_bound * 1e6 + 1e4:
                name += " (THEY CONTRADICT)"
            print(
                f"| {name} | {ours['objective'] / 1e6:,.3f} | {ours['bound'] / 1e6:,.3f} | {100 * ours['gap']:.4f} | {ours['cpu_seconds']:.2f} "
                f"| {same} | {their_plan:,.3f} | {their_bound:,.3f} | {100 * gap:.4f} | {cpu() - begin:.1f} |",
                flush=True,
            )


main()
