. tests/golden/session.sh
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
t migctl --sim n enable 0
t migctl --sim n create -i 0 3g.40gb 1g.10gb 2x1g.10gb
# Another root: what holds is files there, but for the GPUs and instances themselves.
cp -a "$(migctl sim tree n)" "$DIR/host"
id=3f1c0e5a7b2d4f60918273645a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7
uid=12345678-9abc-def0-1234-56789abcdef0
process() { # PID COMM UID CGROUP NODE...
	p=$DIR/host/proc/$1
	mkdir -p "$p/fd"
	echo "$2" >"$p/comm"
	printf 'Name:\t%s\nUid:\t%s\t%s\t%s\t%s\n' "$2" "$3" "$3" "$3" "$3" >"$p/status"
	echo "$4" >"$p/cgroup"
	shift 4
	n=3
	for node; do
		ln -s "/dev/$node" "$p/fd/$n"
		n=$((n + 1))
	done
}
process 101 python3 4000000001 "0::/system.slice/docker-$id.scope" \
	nvidiactl nvidia-uvm nvidia0 nvidia-caps/nvidia-cap21 nvidia-caps/nvidia-cap22
process 102 tritonserver 4000000002 "0::/kubepods.slice/kubepods-pod$(echo $uid | tr - _).slice/cri-containerd-$id.scope" \
	nvidiactl nvidia0 nvidia-caps/nvidia-cap66 nvidia-caps/nvidia-cap67
process 103 vllm 4000000003 "0::/system.slice/slurmstepd.scope/job_12/step_0/user/task_0" \
	nvidiactl nvidia0 nvidia-caps/nvidia-cap75 nvidia-caps/nvidia-cap76
process 104 nvtop 4000000003 "0::/user.slice/user-1000.slice/session-3.scope" nvidiactl nvidia0 nvidia1
process 105 nvidia-persiste 4000000004 "0::/system.slice/nvidia-persistenced.service" nvidiactl nvidia0 nvidia1
process 106 nv-hostengine 4000000004 "0::/system.slice/nvidia-dcgm.service"
process 107 bash 4000000003 "0::/user.slice/user-1000.slice/session-3.scope"
printf '%s\n' "$(printf 'evil\033[2J')" >"$DIR/host/proc/104/comm"
cat >"$DIR/host/proc/modules" <<'MODULES'
nvidia_drm 77824 4 - Live 0x0000000000000000 (POE)
nvidia_modeset 1208320 1 nvidia_drm, Live 0x0000000000000000 (POE)
nvidia_uvm 4956160 2 - Live 0x0000000000000000 (POE)
nvidia 104071168 30 nvidia_uvm,nvidia_modeset, Live 0x0000000000000000 (POE)
MODULES
t migctl --sim n who --root "$DIR/host"
t migctl --sim n who --root "$DIR/host" 0:3g.40gb@4 1
t migctl --sim n who --root "$DIR/host" 0/2 --json
t migctl --sim n who --root "$DIR/nowhere"
t migctl --sim n who --root "$DIR/host" 0/3
t migctl --sim n who --root "$DIR/host" 2
