"""A GPU's life through pynvml: asked, cut up, used, refused, put together again.

Prints "ok NAME", or "FAILED NAME" below what was expected and what came. Run it with an empty
machine of two GPUs of one type as the driver; pynvml.sh does.
"""
import ctypes
import sys

import pynvml as nv

MIB = 1 << 20
failures = 0


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
    """The call must raise exactly this class, of which pynvml makes one for each code."""
    try:
        got = "a result: %r" % (call(*args),)
    except nv.NVMLError as e:
        got = type(e).__name__
    check(name, error.__name__, got)


def gi_profile(gpu, number, version=2):
    return nv.nvmlDeviceGetGpuInstanceProfileInfo(gpu, number, version=version)


def placements(call, of, profile_id, kind):
    """Every (start, size): first the count is asked for, then the places."""
    n = ctypes.c_uint(0)
    call(of, profile_id, None, ctypes.byref(n))
    places = (kind * n.value)()
    call(of, profile_id, places, ctypes.byref(n))
    return [(p.start, p.size) for p in places[: n.value]]


def listed(call, of, profile_id, kind, size):
    """How many instances of a profile a list call gives."""
    n = ctypes.c_uint(size)
    call(of, profile_id, (kind * size)(), ctypes.byref(n))
    return n.value


def create_gi_at(gpu, profile_id, start, size):
    place = nv.c_nvmlGpuInstancePlacement_t(start, size)
    return nv.nvmlDeviceCreateGpuInstanceWithPlacement(gpu, profile_id, ctypes.byref(place))


def create_ci_at(gi, profile_id, start, size):
    place = nv.c_nvmlComputeInstancePlacement_t(start, size)
    return nv.nvmlGpuInstanceCreateComputeInstanceWithPlacement(gi, profile_id, ctypes.byref(place))


def before_mig(gpu):
    check("two GPUs", 2, nv.nvmlDeviceGetCount())
    check("the driver's version", "535.261.03", nv.nvmlSystemGetDriverVersion())
    check("MIG is off", [0, 0], nv.nvmlDeviceGetMigMode(gpu))
    check("a GPU is no MIG device", 0, nv.nvmlDeviceIsMigDeviceHandle(gpu).value)
    refused("no instance with MIG off", nv.NVMLError_NotSupported, nv.nvmlDeviceCreateGpuInstance, gpu, 9)
    refused("no GPU 2", nv.NVMLError_InvalidArgument, nv.nvmlDeviceGetHandleByIndex, 2)
    refused("no GPU of a wrong UUID", nv.NVMLError_NotFound, nv.nvmlDeviceGetHandleByUUID,
            "GPU-00000000-0000-0000-0000-000000000000")
    check("enabled at once", 0, nv.nvmlDeviceSetMigMode(gpu, 1))
    check("MIG is on", [1, 1], nv.nvmlDeviceGetMigMode(gpu))
    refused("MIG mode 2", nv.NVMLError_InvalidArgument, nv.nvmlDeviceSetMigMode, gpu, 2)


def profiles(gpu):
    found = {}
    for number in range(nv.NVML_GPU_INSTANCE_PROFILE_COUNT):
        try:
            found[number] = gi_profile(gpu, number)
        except nv.NVMLError_NotSupported:
            pass
    check("profile ids", [19, 14, 9, 5, 0, 20, 15], [p.id for p in found.values()])
    check("profile names", ["MIG 1g.10gb", "MIG 2g.20gb", "MIG 3g.40gb", "MIG 4g.40gb", "MIG 7g.80gb",
                            "MIG 1g.10gb+me", "MIG 1g.20gb"], [p.name for p in found.values()])
    check("SMs of 1g, 2g, 3g, 4g, 7g, 1g+me, 1g.20gb", SM, [p.multiprocessorCount for p in found.values()])
    check("memory of them, in MiB", MEM, [p.memorySizeMB for p in found.values()])
    fields = ("id", "sliceCount", "instanceCount", "multiprocessorCount", "copyEngineCount",
              "decoderCount", "encoderCount", "jpegCount", "ofaCount", "memorySizeMB")
    for number, v2 in found.items():
        v1 = gi_profile(gpu, number, version=1)
        check("structs 1 and 2 agree on " + v2.name,
              [getattr(v2, f) for f in fields], [getattr(v1, f) for f in fields])
    check("places of 3g", [(0, 4), (4, 4)], placements(
        nv.nvmlDeviceGetGpuInstancePossiblePlacements, gpu, 9, nv.c_nvmlGpuInstancePlacement_t))
    check("room for 3g", 2, nv.nvmlDeviceGetGpuInstanceRemainingCapacity(gpu, 9))


def instances(gpu):
    """Two 3g: one where the driver likes, one at a place. Returns the one at 4."""
    first = nv.nvmlGpuInstanceGetInfo(nv.nvmlDeviceCreateGpuInstance(gpu, 9))
    check("the driver's choice", (FIRST_3G, 9, 4, 4),
          (first.id, first.profileId, first.placement.start, first.placement.size))
    refused("a place that is taken", nv.NVMLError_InsufficientResources, create_gi_at, gpu, 9, 4, 4)
    refused("a place of the wrong size", nv.NVMLError_InvalidArgument, create_gi_at, gpu, 9, 0, 3)
    second = nv.nvmlGpuInstanceGetInfo(create_gi_at(gpu, 9, 0, 4))
    check("a place of one's own", (3 - FIRST_3G, 0, 4),
          (second.id, second.placement.start, second.placement.size))
    refused("no third 3g", nv.NVMLError_InsufficientResources, nv.nvmlDeviceCreateGpuInstance, gpu, 9)
    refused("no profile 77", nv.NVMLError_InvalidArgument, nv.nvmlDeviceCreateGpuInstance, gpu, 77)
    refused("no instance 9", nv.NVMLError_NotFound, nv.nvmlDeviceGetGpuInstanceById, gpu, 9)
    check("two 3g are listed", 2, listed(nv.nvmlDeviceGetGpuInstances, gpu, 9, nv.c_nvmlGpuInstance_t, 2))
    check("no room for 1g", 0, nv.nvmlDeviceGetGpuInstanceRemainingCapacity(gpu, 19))
    return nv.nvmlDeviceGetGpuInstanceById(gpu, first.id)


def compute_instances(gi):
    """A 1c at a place and another where the driver likes, in a 3g."""
    v2 = nv.nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, 0, 0)
    v1 = nv.nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, 0, 0, version=1)
    check("name of 1c", "MIG 1c.3g.40gb", v2.name)
    check("structs 1 and 2 agree on 1c", (v2.id, v2.sliceCount, v2.instanceCount, v2.multiprocessorCount),
          (v1.id, v1.sliceCount, v1.instanceCount, v1.multiprocessorCount))
    check("places of 1c", [(0, 1), (1, 1), (2, 1)], placements(
        nv.nvmlGpuInstanceGetComputeInstancePossiblePlacements, gi, 0, nv.c_nvmlComputeInstancePlacement_t))
    at_2 = create_ci_at(gi, 0, 2, 1)
    other = nv.nvmlGpuInstanceCreateComputeInstance(gi, 0)
    got = [nv.nvmlComputeInstanceGetInfo(ci) for ci in (at_2, other)]
    check("compute instances (id, profile, start)", [(0, 0, 2), (1, 0, 0)],
          [(i.id, i.profileId, i.placement.start) for i in got])
    refused("no 3g beside two 1c", nv.NVMLError_InsufficientResources,
            nv.nvmlGpuInstanceCreateComputeInstance, gi, 2)
    check("room for 1c", 1, nv.nvmlGpuInstanceGetComputeInstanceRemainingCapacity(gi, 0))
    return at_2, other


def devices(gpu, gi_id):
    """Each MIG device by index and by both forms of its UUID."""
    check("at most 7 MIG devices", 7, nv.nvmlDeviceGetMaxMigDeviceCount(gpu))
    gpu_uuid = nv.nvmlDeviceGetUUID(gpu)
    for index in (0, 1):
        mig = nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu, index)
        uuid = nv.nvmlDeviceGetUUID(mig)
        old = "MIG-%s/%d/%d" % (gpu_uuid, gi_id, index)
        check("device %d is a MIG device" % index, 1, nv.nvmlDeviceIsMigDeviceHandle(mig).value)
        for form in (uuid, old):
            other = nv.nvmlDeviceGetHandleByUUID(form)
            check("device %d by %s" % (index, "MIG-GPU-…/gi/ci" if form == old else "MIG-<uuid>"),
                  (uuid, gi_id, index), (nv.nvmlDeviceGetUUID(other), nv.nvmlDeviceGetGpuInstanceId(other),
                                         nv.nvmlDeviceGetComputeInstanceId(other)))
        parent = nv.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(mig)
        check("device %d belongs to its GPU" % index, gpu_uuid, nv.nvmlDeviceGetUUID(parent))
        attributes(mig, index)
    refused("no device 2", nv.NVMLError_NotFound, nv.nvmlDeviceGetMigDeviceHandleByIndex, gpu, 2)
    refused("no device 7", nv.NVMLError_InvalidArgument, nv.nvmlDeviceGetMigDeviceHandleByIndex, gpu, 7)
    return nv.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 0)


def attributes(mig, index):
    a = nv.nvmlDeviceGetAttributes(mig)
    check("attributes of device %d" % index, (SM_1C, 3, 1, MEM[2]),
          (a.multiprocessorCount, a.gpuInstanceSliceCount, a.computeInstanceSliceCount, a.memorySizeMB))
    v1 = nv.nvmlDeviceGetMemoryInfo(mig)
    v2 = nv.nvmlDeviceGetMemoryInfo(mig, version=nv.nvmlMemory_v2)
    check("memory of device %d is its GPU instance's" % index, MEM[2] * MIB, v1.total)
    check("structs 1 and 2 agree on it", (v2.total, v2.free, v2.used + v2.reserved),
          (v1.total, v1.free, v1.used))
    check("memory adds up", v1.total, v1.free + v1.used)
    check("the name ends in the profile", "MIG 1c.3g.40gb", nv.nvmlDeviceGetName(mig)[-14:])


def destruction(gpu, gi, cis, mig):
    refused("MIG stays on with instances", nv.NVMLError_InUse, nv.nvmlDeviceSetMigMode, gpu, 0)
    refused("an instance in use stays", nv.NVMLError_InUse, nv.nvmlGpuInstanceDestroy, gi)
    for ci in cis:
        nv.nvmlComputeInstanceDestroy(ci)
    refused("a device that is gone", nv.NVMLError_InvalidArgument, nv.nvmlDeviceGetUUID, mig)
    refused("a compute instance that is gone", nv.NVMLError_InvalidArgument,
            nv.nvmlComputeInstanceGetInfo, cis[0])
    for gi_id in (1, 2):
        nv.nvmlGpuInstanceDestroy(nv.nvmlDeviceGetGpuInstanceById(gpu, gi_id))
    refused("a GPU instance that is gone", nv.NVMLError_InvalidArgument, nv.nvmlGpuInstanceGetInfo, gi)
    check("room for 1g again", 7, nv.nvmlDeviceGetGpuInstanceRemainingCapacity(gpu, 19))
    check("disabled at once", 0, nv.nvmlDeviceSetMigMode(gpu, 0))
    check("MIG is off again", [0, 0], nv.nvmlDeviceGetMigMode(gpu))


label = "pynvml " + sys.argv[1]
if sys.argv[1].startswith("h100"):  # Source: data/gpu/H100-SXM5-80GB.yaml
    SM, MEM, SM_1C = [16, 32, 60, 64, 132, 16, 26], [9984, 20096, 40448, 40448, 81152, 9984, 20096], 16
else:  # Source: data/gpu/A100-SXM4-80GB.yaml
    SM, MEM, SM_1C = [14, 28, 42, 56, 98, 14, 14], [9728, 19968, 40192, 40192, 80896, 9728, 19968], 14
FIRST_3G = 1 if "mirrored" in sys.argv[1] else 2  # the half without a hole is kept for 4g

refused("nothing before nvmlInit", nv.NVMLError_Uninitialized, nv.nvmlDeviceGetCount)
nv.nvmlInit()
last = nv.nvmlDeviceGetHandleByIndex(1)
before_mig(last)
profiles(last)
second_half = instances(last)
both = compute_instances(second_half)
device = devices(last, FIRST_3G)
destruction(last, second_half, both, device)
check("the other GPU was left alone", [0, 0], nv.nvmlDeviceGetMigMode(nv.nvmlDeviceGetHandleByIndex(0)))
nv.nvmlShutdown()
refused("nothing after nvmlShutdown", nv.NVMLError_Uninitialized, nv.nvmlDeviceGetCount)
sys.exit(1 if failures else 0)
