. tests/golden/session.sh
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
t migctl --sim n create -i 0 3g.40gb
t migctl --sim n enable 0
t migctl --sim n create 3g.40gb
t migctl --sim n create -i 0 3g.40gb@0 2x1c.2g.20gb --dry-run
t migctl --sim n create -i 0 3g.40gb@0 2x1c.2g.20gb
t migctl --sim n create -i 0 --json 19
t migctl --sim n create -i 0 --no-ci 1g.10gb
t migctl --sim n status 0
t migctl --sim n create -i 0 1g.10gb
t migctl --sim n create -i 0 3g.20gb
t migctl --sim n create -i 0 1c.3g.40gb@4 4g.40gb
t migctl --sim n create -i 1 1g.10gb
t migctl --sim n create -i 5 1g.10gb
t migctl --sim n create
# Nothing was made by what failed.
t migctl --sim n status 0
