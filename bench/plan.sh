#!/bin/sh
# The planner's experiments beside what is published; called by ./dev bench plan.
#
# Times are mig_plan_solve()'s own, measured on the machine it runs on, except where a whole
# process is named; memory is the whole process's. Every bound is proven by a certificate. Nothing here passes or fails.
set -eu
cd "$(dirname "$0")/.."
ninja -C build/obj tests/plan_bench tests/spawn >/dev/null
plan=build/obj/tests/plan_bench
spawn=build/obj/tests/spawn
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

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

models() { # SCENARIO: the same as a models file
	awk 'BEGIN { split("1g.10gb 2g.20gb 3g.40gb 4g.40gb 7g.80gb", p); print "version: migctl/v1\nmodels:" }
	NF == 6 {
		printf "  - {name: s%d, needs: {throughput: %s}, throughput: {", ++n, $6
		sep = ""
		for (i = 1; i <= 5; i++) if ($i > 0) { printf "%s%s: %.3f", sep, p[i], $i; sep = ", " }
		print "}}"
	}' "bench/parvagpu/S$1.txt"
}
echo "   the same as whole processes, migctl plan FILE --gpu-type A100-SXM4-80GB, median of 21:"
for s in 1 2 3 4 5 6; do
	models $s >"$dir/S$s.yaml"
	"$spawn" 21 "S$s" migctl plan "$dir/S$s.yaml" --gpu-type A100-SXM4-80GB |
		awk -v gpus="$(migctl plan "$dir/S$s.yaml" --gpu-type A100-SXM4-80GB --json | awk -F '[:,]' '/"n_gpus"/ { print $2; exit }')" \
			'{ printf "   %s %d GPUs, %.2f ms\n", $1, gpus, $3 / 1000 }'
done

echo "B2. fixed profiles, six of an A100-80GB"
echo "   $("$plan" fixed 4000)"
echo "   $("$plan" fixed 1 330000)   [bar: 1 s, 256 MiB]"

echo "B6. compaction: fewest GPUs, then fewest moves   [bar: 1 s at 100 000 GPUs]"
for seed in 1 2 3 4 5; do echo "   $("$plan" compact 80 $seed)"; done
for seed in 1 2 3; do echo "   $("$plan" compact 1000 $seed)"; done
for seed in 1 2; do echo "   $("$plan" compact 10000 $seed)"; done
echo "   $("$plan" compact 100000 1)"
echo "   [published: up to 2.85x fewer GPUs than first fit and load balancing, arXiv 2409.06646]"

echo "G. growth: services of their own rates, then GPUs to compact; drawn in build/growth.svg"
growth() { # FILE SIZE WHAT...: print a result; its size, seconds and MiB go to FILE
	file=$1 size=$2
	shift 2
	line=$("$plan" "$@")
	echo "   $line"
	echo "$line" | awk -v n="$size" '{ sub(/.*; /, ""); print n, $1, $3 }' >>"$dir/$file"
}
for n in 1000 3000 10000 30000 100000 300000 1000000; do
	growth services $n parva bench/parvagpu/S6.txt 1 $n
done
for n in 1000 3000 10000 30000 100000 300000 1000000; do growth gpus $n compact $n 1; done
gnuplot -e "dir='$dir'" bench/growth.gnuplot

echo "H. H100, A100 and A30, H100 and A30 short   [bar: gap 0.1 % at 200 services]"
for n in 10 50 200 1000; do echo "   $("$plan" mixed $n 88172645463325252)"; done
for seed in 77 99; do echo "   $("$plan" mixed 200 $seed)"; done
solver=$PWD/build/lib/libmig-solve.so
if [ -e "$solver" ]; then
	echo "   the same with CBC, where our own search gives up:"
	for seed in 88172645463325252 77 99; do
		echo "   $(PLAN_SOLVER=$solver "$plan" mixed 200 $seed)"
	done
fi
