#!/bin/sh
# systemd itself on migctl's unit: every line of it is known, what it runs is there, and nothing
# of the boot is ordered behind it.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/clients/checks

unit=$BUILD/lib/systemd/system/migctl-restore.service
if ! command -v systemd-analyze >/dev/null; then
	skip systemd "there is no systemd-analyze here"
	exit 0
fi

# verify FILE: what systemd has to say of it.
verify() {
	SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$1" 2>&1
}

said=$(verify "$unit")
if [ $? -eq 0 ] && [ -z "$said" ]; then
	ok "systemd takes migctl-restore.service"
else
	failed "systemd takes migctl-restore.service" "systemd-analyze verify" "nothing" "$said"
fi

# It would say something: of a line that it does not know, of a program that is not there.
sed 's/^TimeoutStartSec/TimeoutStrtSec/' "$unit" >"$work/migctl-restore.service"
if verify "$work/migctl-restore.service" | grep -q TimeoutStrtSec; then
	ok "systemd names a line that it does not know"
else
	failed "systemd names a line that it does not know" "systemd-analyze verify" TimeoutStrtSec ""
fi
sed 's/^ExecStart=.*/ExecStart=\/nowhere\/migctl restore/' "$unit" >"$work/migctl-restore.service"
if verify "$work/migctl-restore.service" | grep -q /nowhere/migctl; then
	ok "systemd names a program that is not there"
else
	failed "systemd names a program that is not there" "systemd-analyze verify" /nowhere/migctl ""
fi

# With default dependencies a target that wants it would be ordered behind it.
if grep -qx 'DefaultDependencies=no' "$unit" && ! grep -E '^Before=' "$unit" | grep -qv '^Before=shutdown.target$' &&
	grep -q '^TimeoutStartSec=[1-9]' "$unit"; then
	ok "nothing of the boot waits for migctl-restore.service, and it is bounded"
else
	failed "nothing of the boot waits for migctl-restore.service" "grep" \
		"DefaultDependencies=no, Before=shutdown.target, TimeoutStartSec" "$(cat "$unit")"
fi
