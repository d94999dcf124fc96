#!/bin/sh
# The planner's experiments beside what is published; called by ./dev bench plan.
#
# Times are mig_plan_solve()'s own, measured on the machine it runs on; memory is the whole
# process's. Every bound is proven by a certificate. Nothing here passes or fails.
set -eu
cd "$(dirname "$0")/.."
ninja -C build/obj tests/plan_bench >/dev/null
plan=build/obj/tests/plan_bench

printf 'measured on %s, %s cores, %s\n\n' "$(uname -sr)" "$(nproc)" \
	"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"

parva() { # SCENARIO FACTOR PUBLISHED
	printf '   S%s %s   [ParvaGPU: %s]\n' "$1" "$("$plan" parva "bench/parvagpu/S$1.txt" "$2")" "$3"
}
echo "B1. ParvaGPU's scenarios (SC'24), A100-80GB; beside, what its own program took on 2 cores elsewhere"
parva 1 1 "2 GPUs"; parva 2 1 "3"; parva 3 1 "5"; parva 4 1 "7"; parva 5 1 "13"
parva 6 1 "17; 0.0012-0.0019 s each"
parva 2 10 "19, 0.03 s"; parva 5 10 "119"; parva 6 10 "151, 0.19 s"
parva 2 100 "176, 0.3 s"; parva 5 100 "1170"; parva 6 100 "1495, 1.1 s"
parva 2 1000 "1748, 1.1 s"; parva 5 1000 "11679"; parva 6 1000 "14942, 9.7 s"
echo "   S6 $("$plan" parva bench/parvagpu/S6.txt 1 110000)   [copies of its services]"

echo "B2. fixed profiles, six of an A100-80GB"
echo "   $("$plan" fixed 4000)"
echo "   $("$plan" fixed 1 330000)   [bar: 1 s, 256 MiB]"

echo "B6. compaction: fewest GPUs, then fewest moves   [bar: 1 s at 100 000 GPUs]"
for seed in 1 2 3 4 5; do echo "   $("$plan" compact 80 $seed)"; done
for seed in 1 2 3; do echo "   $("$plan" compact 1000 $seed)"; done
for seed in 1 2; do echo "   $("$plan" compact 10000 $seed)"; done
echo "   $("$plan" compact 100000 1)"
echo "   [published: up to 2.85x fewer GPUs than first fit and load balancing, arXiv 2409.06646]"

echo "G. growth: services of their own rates, then GPUs to compact"
for n in 1000 10000 100000 1000000; do
	echo "   $("$plan" parva bench/parvagpu/S6.txt 1 $n)"
done
for n in 1000 10000 100000 1000000; do echo "   $("$plan" compact $n 1)"; done

echo "H. H100, A100 and A30, H100 and A30 short   [bar: gap 0.1 % at 200 services]"
for n in 10 50 200 1000; do echo "   $("$plan" mixed $n 88172645463325252)"; done
for seed in 77 99; do echo "   $("$plan" mixed 200 $seed)"; done
