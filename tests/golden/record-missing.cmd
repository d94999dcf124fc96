. tests/golden/session.sh
t migctl sim new s --gpus 2xA100-SXM4-80GB --seed 1
migctl --sim s enable --all >/dev/null 2>&1
migctl --sim s create -i 0 2g.20gb@2 3g.40gb@4 >/dev/null 2>&1
migctl --sim s create -i 0 1g.10gb@0 --name a/b >/dev/null 2>&1
migctl sim reboot s >/dev/null 2>&1
# What a reboot took is wanted still: it is shown, and nothing but the whole of a GPU takes its place.
t migctl --sim s status
migctl --sim s status 0 --json | grep n_missing
migctl --sim s doctor 2>&1 | grep -A1 record
t migctl --sim s create -i 0 2g.20gb@2
t migctl --sim s create -i 0 2g.20gb@2 --dry-run
t migctl --sim s create -i 1 1g.10gb --name a/b
t migctl --sim s create -i 1 1g.10gb@0
t migctl --sim s save
t migctl --sim s smi mig -i 1 -dci
t migctl --sim s restore
t migctl --sim s create -i 0 1g.10gb@1
migctl --sim s doctor 2>&1 | grep record
# Given up it is in nobody's way; and nor is it in that of what says all that a GPU shall have.
migctl sim reboot s >/dev/null 2>&1
t migctl --sim s destroy --all
t migctl --sim s save --forget 0
t migctl --sim s create -i 0 7x1g.10gb
t migctl --sim s smi mig -i 1 -cgi 9
t migctl --sim s apply -f examples/partitions.yaml -c all-balanced
migctl sim reboot s >/dev/null 2>&1
t migctl --sim s apply -f examples/partitions.yaml -c all-1g.10gb
