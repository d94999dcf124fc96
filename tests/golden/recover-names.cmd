. tests/golden/session.sh
# Of instances that are alike each has its own name, wherever its change was killed and finished.
cat >"$DIR/layout.yaml" <<'END'
version: migctl/v1
gpus:
  - gpu: 0
    mig-enabled: true
    instances:
      - profile: 3g.20gb
        start: 4
        compute-instances:
          - {profile: 1c.3g.20gb, name: a}
          - {profile: 1c.3g.20gb, name: b}
          - {profile: 1c.3g.20gb, name: c}
END
for driver in 450.80.02 580.126.09; do
	for call in 1 2 3; do
		for when in kill kill:after; do
			migctl sim new n --gpus 1xA100-SXM4-40GB --seed 1 --driver $driver >/dev/null 2>&1
			migctl --sim n enable >/dev/null 2>&1
			migctl sim fault n "nvmlGpuInstanceCreateComputeInstance#$call=$when" >/dev/null 2>&1
			sh -c 'migctl --sim n apply -f "$1/layout.yaml"; exit' sh "$DIR" >/dev/null 2>&1
			echo "driver $driver, killed at $call ($when)"
			migctl --sim n recover --finish 2>&1 | grep GPU
			for name in a b c; do
				echo $name: "$(migctl --sim n resolve $name 2>&1 | sed -n 's/^ids *//p;/^migctl/p')"
			done
			migctl sim rm n >/dev/null 2>&1
		done
	done
done
