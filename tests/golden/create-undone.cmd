# A driver before R460 chooses places itself. Where that is only seen when half is done, all of
# it is undone.
. tests/golden/session.sh
t migctl sim new old --gpus 1xA100-SXM4-40GB --seed 1 --driver 450.80.02
t migctl --sim old enable
t migctl --sim old create 2g.10gb@4 1g.5gb@0
t migctl --sim old status
t migctl --sim old create 3g.20gb 1g.5gb
# Before R510 no driver put 4g beside 3g, and none of its answers says so.
t migctl sim new mixed --gpus 1xA100-SXM4-40GB --seed 1 --driver 470.57.02
t migctl --sim mixed enable
t migctl --sim mixed create 4g.20gb 3g.20gb
