"""What pynvml measures on a GPU that a tenant keeps busy, in MIG mode and out of it.

Prints "ok NAME", or "FAILED NAME" below what was expected and what came. pynvml.sh runs it on
an empty machine of one GPU.
"""
import os
import subprocess
import sys
import time

import pynvml as nv

failures = 0
machine = sys.argv[1]
label = "pynvml on %s:" % machine


def check(name, want, got):
    global failures
    if want == got:
        print("ok", label, name)
        return
    failures += 1
    print("  command: ", name)
    print("  expected:", want)
    print("  got:     ", got)
    print("FAILED", label, name)


def refused(name, error, call, *args):
    try:
        got = "a result: %r" % (call(*args),)
    except nv.NVMLError as e:
        got = type(e).__name__
    check(name, error.__name__, got)


class Tenant:
    """Holds a device until it is left."""

    def __init__(self, device, sm, dram):
        args = ["migctl", "sim", "tenant", machine, "--device", device, "--sm", sm, "--dram", dram]
        self.process = subprocess.Popen(args + ["--", "sh", "-c", "echo; exec sleep 60"],
                                        stdout=subprocess.PIPE)

    def __enter__(self):
        self.process.stdout.readline()  # the command runs: the device is held

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def measure(gpu, gi):
    """Mean SM and memory utilisation, of the GPU or a GPU instance, between two samples."""
    take = (lambda s: nv.nvmlGpmSampleGet(gpu, s)) if gi is None else (
        lambda s: nv.nvmlGpmMigSampleGet(gpu, gi, s))
    get = nv.c_nvmlGpmMetricsGet_t()
    get.version = nv.NVML_GPM_METRICS_GET_VERSION
    get.numMetrics = 2
    get.metrics[0].metricId = nv.NVML_GPM_METRIC_SM_UTIL
    get.metrics[1].metricId = nv.NVML_GPM_METRIC_DRAM_BW_UTIL
    get.sample1 = take(nv.nvmlGpmSampleAlloc())
    time.sleep(0.01)
    get.sample2 = take(nv.nvmlGpmSampleAlloc())
    nv.nvmlGpmMetricsGet(get)
    nv.nvmlGpmSampleFree(get.sample1)
    nv.nvmlGpmSampleFree(get.sample2)
    return [round(get.metrics[i].value, 1) for i in range(2)]


def whole_gpu(gpu):
    idle = nv.nvmlDeviceGetPowerUsage(gpu)
    limit = nv.nvmlDeviceGetEnforcedPowerLimit(gpu)
    cool = nv.nvmlDeviceGetTemperature(gpu, nv.NVML_TEMPERATURE_GPU)
    energy = nv.nvmlDeviceGetTotalEnergyConsumption(gpu)
    with Tenant("0", "100%", "100%"):
        check("power at full load", limit, nv.nvmlDeviceGetPowerUsage(gpu))
        check("warmer than idle", True, nv.nvmlDeviceGetTemperature(gpu, 0) > cool)
        check("clock at full load", nv.nvmlDeviceGetMaxClockInfo(gpu, nv.NVML_CLOCK_SM),
              nv.nvmlDeviceGetClockInfo(gpu, nv.NVML_CLOCK_SM))
        rates = nv.nvmlDeviceGetUtilizationRates(gpu)
        check("utilisation at full load", (100, 100), (rates.gpu, rates.memory))
        time.sleep(0.01)
    check("power when it is gone", idle, nv.nvmlDeviceGetPowerUsage(gpu))
    check("energy was used", True, nv.nvmlDeviceGetTotalEnergyConsumption(gpu) > energy)
    refused("no fan", nv.NVMLError_NotSupported, nv.nvmlDeviceGetFanSpeed, gpu)


def events(gpu):
    events = nv.nvmlEventSetCreate()
    nv.nvmlDeviceRegisterEvents(gpu, nv.nvmlEventTypeXidCriticalError, events)
    refused("no event yet", nv.NVMLError_Timeout, nv.nvmlEventSetWait, events, 0)
    subprocess.run(["migctl", "sim", "xid", machine, "0", "94"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    data = nv.nvmlEventSetWait(events, 60000)
    check("an XID", (nv.nvmlEventTypeXidCriticalError, 94), (data.eventType, data.eventData))
    nv.nvmlEventSetFree(events)


def instance(gpu):
    nv.nvmlDeviceSetMigMode(gpu, 1)
    profile = nv.nvmlDeviceGetGpuInstanceProfileInfo(gpu, nv.NVML_GPU_INSTANCE_PROFILE_3_SLICE)
    gi = nv.nvmlDeviceCreateGpuInstance(gpu, profile.id)
    profile = nv.nvmlGpuInstanceGetComputeInstanceProfileInfo(
        gi, nv.NVML_COMPUTE_INSTANCE_PROFILE_3_SLICE, 0)
    nv.nvmlGpuInstanceCreateComputeInstance(gi, profile.id)
    gi_id = nv.nvmlGpuInstanceGetInfo(gi).id
    refused("no utilisation in MIG mode", nv.NVMLError_NotSupported,
            nv.nvmlDeviceGetUtilizationRates, gpu)
    if not nv.nvmlGpmQueryDeviceSupport(gpu).isSupportedDevice:
        refused("no GPM", nv.NVMLError_NotSupported, measure, gpu, None)
        return
    with Tenant("0/%d/0" % gi_id, "70%", "40%"):
        check("GPM of the instance", [70.0, 40.0], measure(gpu, gi_id))
        check("GPM of the GPU", [30.0, 20.0], measure(gpu, None))


os.environ.pop("LD_LIBRARY_PATH", None)  # what it starts is migctl, for which it is not meant
nv.nvmlInit()
device = nv.nvmlDeviceGetHandleByIndex(0)
whole_gpu(device)
events(device)
instance(device)
nv.nvmlShutdown()
sys.exit(failures > 0)
