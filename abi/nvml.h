/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVML's binary interface: what lib/nvml calls and sim/ answers. Facts only. Sizes and
 * offsets are asserted by tests/conformance/ against those compiled from NVIDIA's own
 * header. Types that neither room looks into are incomplete here.
 *
 * Source: nvml.h of NVML 13.3.29. An enumeration is an unsigned: the same to a caller.
 */
#ifndef ABI_NVML_H
#define ABI_NVML_H

typedef struct nvmlDevice_st *nvmlDevice_t;
typedef struct nvmlGpuInstance_st *nvmlGpuInstance_t;
typedef struct nvmlComputeInstance_st *nvmlComputeInstance_t;
typedef struct nvmlEventSet_st *nvmlEventSet_t;
typedef struct nvmlGpmSample_st *nvmlGpmSample_t;
typedef struct nvmlUnit_st *nvmlUnit_t;

typedef int nvmlReturn_t;
typedef unsigned nvmlAffinityScope_t;
typedef unsigned nvmlBrandType_t;
typedef unsigned nvmlBusType_t;
typedef unsigned nvmlClockId_t;
typedef unsigned nvmlClockType_t;
typedef unsigned nvmlComputeMode_t;
typedef unsigned nvmlDetachGpuState_t;
typedef unsigned nvmlDeviceArchitecture_t;
typedef unsigned nvmlDeviceVgpuCapability_t;
typedef unsigned nvmlDriverModel_t;
typedef unsigned nvmlEccCounterType_t;
typedef unsigned nvmlEnableState_t;
typedef unsigned nvmlEncoderType_t;
typedef unsigned nvmlFanControlPolicy_t;
typedef unsigned nvmlGpuOperationMode_t;
typedef unsigned nvmlGpuP2PCapsIndex_t;
typedef unsigned nvmlGpuP2PStatus_t;
typedef unsigned nvmlGpuTopologyLevel_t;
typedef unsigned nvmlGpuVirtualizationMode_t;
typedef unsigned nvmlHostVgpuMode_t;
typedef unsigned nvmlInforomObject_t;
typedef unsigned nvmlIntNvLinkDeviceType_t;
typedef unsigned nvmlLedColor_t;
typedef unsigned nvmlMemoryErrorType_t;
typedef unsigned nvmlMemoryLocation_t;
typedef unsigned nvmlNvLinkCapability_t;
typedef unsigned nvmlNvLinkErrorCounter_t;
typedef unsigned nvmlPageRetirementCause_t;
typedef unsigned nvmlPcieLinkState_t;
typedef unsigned nvmlPcieUtilCounter_t;
typedef unsigned nvmlPerfPolicyType_t;
typedef unsigned nvmlPowerSource_t;
typedef unsigned nvmlPstates_t;
typedef unsigned nvmlRestrictedAPI_t;
typedef unsigned nvmlSamplingType_t;
typedef unsigned nvmlTemperatureSensors_t;
typedef unsigned nvmlTemperatureThresholds_t;
typedef unsigned nvmlValueType_t;
typedef unsigned nvmlVgpuCapability_t;
typedef unsigned nvmlVgpuDriverCapability_t;
typedef unsigned nvmlVgpuInstance_t;
typedef unsigned nvmlVgpuTypeId_t;
typedef unsigned nvmlVgpuVmIdType_t;

typedef struct nvmlAccountingStats_st nvmlAccountingStats_t;
typedef struct nvmlAccountingStats_v2_st nvmlAccountingStats_v2_t;
typedef struct nvmlActiveVgpuInstanceInfo_st nvmlActiveVgpuInstanceInfo_t;
typedef struct nvmlBBXTimeData_v1_st nvmlBBXTimeData_v1_t;
typedef struct nvmlBridgeChipHierarchy_st nvmlBridgeChipHierarchy_t;
typedef struct nvmlC2cModeInfo_v1_st nvmlC2cModeInfo_v1_t;
typedef struct nvmlClkMonStatus_st nvmlClkMonStatus_t;
typedef struct nvmlClockOffset_st nvmlClockOffset_t;
typedef struct nvmlConfComputeGetKeyRotationThresholdInfo_st
	nvmlConfComputeGetKeyRotationThresholdInfo_t;
typedef struct nvmlConfComputeGpuAttestationReport_st nvmlConfComputeGpuAttestationReport_t;
typedef struct nvmlConfComputeGpuCertificate_st nvmlConfComputeGpuCertificate_t;
typedef struct nvmlConfComputeMemSizeInfo_st nvmlConfComputeMemSizeInfo_t;
typedef struct nvmlConfComputeSetKeyRotationThresholdInfo_st
	nvmlConfComputeSetKeyRotationThresholdInfo_t;
typedef struct nvmlConfComputeSystemCaps_st nvmlConfComputeSystemCaps_t;
typedef struct nvmlConfComputeSystemState_st nvmlConfComputeSystemState_t;
typedef struct nvmlCoolerInfo_st nvmlCoolerInfo_t;
typedef struct nvmlDeviceAddressingMode_st nvmlDeviceAddressingMode_t;
typedef struct nvmlDeviceCapabilities_st nvmlDeviceCapabilities_t;
typedef struct nvmlDeviceCurrentClockFreqs_st nvmlDeviceCurrentClockFreqs_t;
typedef struct nvmlDevicePerfModes_st nvmlDevicePerfModes_t;
typedef struct nvmlDevicePowerMizerModes_v1_st nvmlDevicePowerMizerModes_v1_t;
typedef struct nvmlDramEncryptionInfo_st nvmlDramEncryptionInfo_t;
typedef struct nvmlEccErrorCounts_st nvmlEccErrorCounts_t;
typedef struct nvmlEccSramErrorStatus_st nvmlEccSramErrorStatus_t;
typedef struct nvmlEccSramUniqueUncorrectedErrorCounts_st
	nvmlEccSramUniqueUncorrectedErrorCounts_t;
typedef struct nvmlEncoderSessionInfo_st nvmlEncoderSessionInfo_t;
typedef struct nvmlExcludedDeviceInfo_st nvmlExcludedDeviceInfo_t;
typedef struct nvmlFBCSessionInfo_st nvmlFBCSessionInfo_t;
typedef struct nvmlFBCStats_st nvmlFBCStats_t;
typedef struct nvmlFanSpeedInfo_st nvmlFanSpeedInfo_t;
typedef struct nvmlGetCPER_v1_st nvmlGetCPER_v1_t;
typedef struct nvmlGpmMetricsGet_st nvmlGpmMetricsGet_t;
typedef struct nvmlGpmSupport_st nvmlGpmSupport_t;
typedef struct nvmlGpuDynamicPstatesInfo_st nvmlGpuDynamicPstatesInfo_t;
typedef struct nvmlGpuFabricInfoV_st nvmlGpuFabricInfoV_t;
typedef struct nvmlGpuFabricInfo_st nvmlGpuFabricInfo_t;
typedef struct nvmlGpuThermalSettings_st nvmlGpuThermalSettings_t;
typedef struct nvmlGridLicensableFeatures_st nvmlGridLicensableFeatures_t;
typedef struct nvmlHostname_v1_st nvmlHostname_v1_t;
typedef struct nvmlHwbcEntry_st nvmlHwbcEntry_t;
typedef struct nvmlLedState_st nvmlLedState_t;
typedef struct nvmlMarginTemperature_st nvmlMarginTemperature_t;
typedef struct nvmlNvLinkInfo_st nvmlNvLinkInfo_t;
typedef struct nvmlNvLinkPowerThres_st nvmlNvLinkPowerThres_t;
typedef struct nvmlNvLinkUtilizationControl_st nvmlNvLinkUtilizationControl_t;
typedef struct nvmlNvlinkGetBwMode_st nvmlNvlinkGetBwMode_t;
typedef struct nvmlNvlinkSetBwMode_st nvmlNvlinkSetBwMode_t;
typedef struct nvmlNvlinkSupportedBwModes_st nvmlNvlinkSupportedBwModes_t;
typedef struct nvmlPRMCounterList_v1_st nvmlPRMCounterList_v1_t;
typedef struct nvmlPRMTLV_v1_st nvmlPRMTLV_v1_t;
typedef struct nvmlPSUInfo_st nvmlPSUInfo_t;
typedef struct nvmlPdi_st nvmlPdi_t;
typedef struct nvmlPlatformInfo_st nvmlPlatformInfo_t;
typedef struct nvmlPowerSmoothingProfile_st nvmlPowerSmoothingProfile_t;
typedef struct nvmlPowerSmoothingState_st nvmlPowerSmoothingState_t;
typedef struct nvmlPowerValue_v2_st nvmlPowerValue_v2_t;
typedef struct nvmlProcessUtilizationSample_st nvmlProcessUtilizationSample_t;
typedef struct nvmlProcessesUtilizationInfo_st nvmlProcessesUtilizationInfo_t;
typedef struct nvmlRemappedRowsInfo_v2_st nvmlRemappedRowsInfo_v2_t;
typedef struct nvmlRepairStatus_st nvmlRepairStatus_t;
typedef struct nvmlRowRemapperHistogramValues_st nvmlRowRemapperHistogramValues_t;
typedef struct nvmlRusdSettings_v1_st nvmlRusdSettings_v1_t;
typedef struct nvmlSample_st nvmlSample_t;
typedef struct nvmlSystemConfComputeSettings_st nvmlSystemConfComputeSettings_t;
typedef struct nvmlSystemDriverBranchInfo_st nvmlSystemDriverBranchInfo_t;
typedef struct nvmlSystemEventSetCreateRequest_st nvmlSystemEventSetCreateRequest_t;
typedef struct nvmlSystemEventSetFreeRequest_st nvmlSystemEventSetFreeRequest_t;
typedef struct nvmlSystemEventSetWaitRequest_st nvmlSystemEventSetWaitRequest_t;
typedef struct nvmlSystemRegisterEventRequest_st nvmlSystemRegisterEventRequest_t;
typedef struct nvmlTemperature_st nvmlTemperature_t;
typedef struct nvmlUUID_st nvmlUUID_t;
typedef struct nvmlUnitFanSpeeds_st nvmlUnitFanSpeeds_t;
typedef struct nvmlUnitInfo_st nvmlUnitInfo_t;
typedef struct nvmlUnrepairableMemoryStatus_v1_st nvmlUnrepairableMemoryStatus_v1_t;
typedef struct nvmlVgpuCreatablePlacementInfo_st nvmlVgpuCreatablePlacementInfo_t;
typedef struct nvmlVgpuHeterogeneousMode_st nvmlVgpuHeterogeneousMode_t;
typedef struct nvmlVgpuInstanceUtilizationSample_st nvmlVgpuInstanceUtilizationSample_t;
typedef struct nvmlVgpuInstancesUtilizationInfo_st nvmlVgpuInstancesUtilizationInfo_t;
typedef struct nvmlVgpuLicenseInfo_st nvmlVgpuLicenseInfo_t;
typedef struct nvmlVgpuMetadata_st nvmlVgpuMetadata_t;
typedef struct nvmlVgpuPgpuCompatibility_st nvmlVgpuPgpuCompatibility_t;
typedef struct nvmlVgpuPgpuMetadata_st nvmlVgpuPgpuMetadata_t;
typedef struct nvmlVgpuPlacementId_st nvmlVgpuPlacementId_t;
typedef struct nvmlVgpuPlacementList_st nvmlVgpuPlacementList_t;
typedef struct nvmlVgpuProcessUtilizationSample_st nvmlVgpuProcessUtilizationSample_t;
typedef struct nvmlVgpuProcessesUtilizationInfo_st nvmlVgpuProcessesUtilizationInfo_t;
typedef struct nvmlVgpuRuntimeState_st nvmlVgpuRuntimeState_t;
typedef struct nvmlVgpuSchedulerCapabilities_st nvmlVgpuSchedulerCapabilities_t;
typedef struct nvmlVgpuSchedulerGetState_st nvmlVgpuSchedulerGetState_t;
typedef struct nvmlVgpuSchedulerLogInfo_st nvmlVgpuSchedulerLogInfo_t;
typedef struct nvmlVgpuSchedulerLogInfo_v2_st nvmlVgpuSchedulerLogInfo_v2_t;
typedef struct nvmlVgpuSchedulerLog_st nvmlVgpuSchedulerLog_t;
typedef struct nvmlVgpuSchedulerSetState_st nvmlVgpuSchedulerSetState_t;
typedef struct nvmlVgpuSchedulerStateInfo_st nvmlVgpuSchedulerStateInfo_t;
typedef struct nvmlVgpuSchedulerStateInfo_v2_st nvmlVgpuSchedulerStateInfo_v2_t;
typedef struct nvmlVgpuSchedulerState_st nvmlVgpuSchedulerState_t;
typedef struct nvmlVgpuSchedulerState_v2_st nvmlVgpuSchedulerState_v2_t;
typedef struct nvmlVgpuTypeBar1Info_st nvmlVgpuTypeBar1Info_t;
typedef struct nvmlVgpuTypeIdInfo_st nvmlVgpuTypeIdInfo_t;
typedef struct nvmlVgpuTypeMaxInstance_st nvmlVgpuTypeMaxInstance_t;
typedef struct nvmlVgpuVersion_st nvmlVgpuVersion_t;
typedef struct nvmlViolationTime_st nvmlViolationTime_t;
typedef struct nvmlWorkloadPowerProfileCurrentProfiles_st
	nvmlWorkloadPowerProfileCurrentProfiles_t;
typedef struct nvmlWorkloadPowerProfileProfilesInfo_st nvmlWorkloadPowerProfileProfilesInfo_t;
typedef struct nvmlWorkloadPowerProfileRequestedProfiles_st
	nvmlWorkloadPowerProfileRequestedProfiles_t;
typedef struct nvmlWorkloadPowerProfileUpdateProfiles_v1_st
	nvmlWorkloadPowerProfileUpdateProfiles_v1_t;

enum {
	NVML_SUCCESS = 0,
	NVML_ERROR_UNINITIALIZED = 1,
	NVML_ERROR_INVALID_ARGUMENT = 2,
	NVML_ERROR_NOT_SUPPORTED = 3,
	NVML_ERROR_NO_PERMISSION = 4,
	NVML_ERROR_ALREADY_INITIALIZED = 5,
	NVML_ERROR_NOT_FOUND = 6,
	NVML_ERROR_INSUFFICIENT_SIZE = 7,
	NVML_ERROR_INSUFFICIENT_POWER = 8,
	NVML_ERROR_DRIVER_NOT_LOADED = 9,
	NVML_ERROR_TIMEOUT = 10,
	NVML_ERROR_IRQ_ISSUE = 11,
	NVML_ERROR_LIBRARY_NOT_FOUND = 12,
	NVML_ERROR_FUNCTION_NOT_FOUND = 13,
	NVML_ERROR_CORRUPTED_INFOROM = 14,
	NVML_ERROR_GPU_IS_LOST = 15,
	NVML_ERROR_RESET_REQUIRED = 16,
	NVML_ERROR_OPERATING_SYSTEM = 17,
	NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18,
	NVML_ERROR_IN_USE = 19,
	NVML_ERROR_MEMORY = 20,
	NVML_ERROR_NO_DATA = 21,
	NVML_ERROR_VGPU_ECC_NOT_SUPPORTED = 22,
	NVML_ERROR_INSUFFICIENT_RESOURCES = 23,
	NVML_ERROR_FREQ_NOT_SUPPORTED = 24,
	NVML_ERROR_ARGUMENT_VERSION_MISMATCH = 25,
	NVML_ERROR_DEPRECATED = 26,
	NVML_ERROR_NOT_READY = 27,
	NVML_ERROR_GPU_NOT_FOUND = 28,
	NVML_ERROR_INVALID_STATE = 29,
	NVML_ERROR_RESET_TYPE_NOT_SUPPORTED = 30,
	NVML_ERROR_UNKNOWN = 999,
};

/* Buffer sizes, bytes. */
enum {
	NVML_DEVICE_NAME_BUFFER_SIZE = 64,
	NVML_DEVICE_NAME_V2_BUFFER_SIZE = 96,
	NVML_DEVICE_UUID_BUFFER_SIZE = 80,
	NVML_DEVICE_UUID_V2_BUFFER_SIZE = 96,
	NVML_DEVICE_SERIAL_BUFFER_SIZE = 30,
	NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE = 80,
	NVML_SYSTEM_NVML_VERSION_BUFFER_SIZE = 80,
	NVML_DEVICE_PCI_BUS_ID_BUFFER_SIZE = 32,
	NVML_DEVICE_PCI_BUS_ID_BUFFER_V2_SIZE = 16,
};

enum {
	NVML_DEVICE_MIG_DISABLE = 0,
	NVML_DEVICE_MIG_ENABLE = 1,
	NVML_GPU_INSTANCE_PROFILE_COUNT = 18,
	NVML_COMPUTE_INSTANCE_PROFILE_COUNT = 9,
	NVML_COMPUTE_INSTANCE_ENGINE_PROFILE_SHARED = 0,
	NVML_GPU_INSTANCE_PROFILE_CAPS_P2P = 1,
	NVML_GPU_INSTANCE_PROFILE_CAPS_GFX = 2,
	NVML_COMPUTE_INSTANCE_PROFILE_CAPS_GFX = 1,
	NVML_FI_DEV_IS_RESETLESS_MIG_SUPPORTED = 184,
	NVML_FI_DEV_IS_MIG_MODE_INDEPENDENT_MIG_QUERY_CAPABLE = 199,
};

#define NVML_VALUE_NOT_AVAILABLE  (~0ULL)
#define NVML_NO_INSTANCE_ID       0xffffffffU /* gpuInstanceId of a process not on MIG */
#define NVML_STRUCT_VERSION(s, v) ((unsigned)(sizeof(s) | (unsigned)(v) << 24U))

typedef struct {
	char busIdLegacy[16];
	unsigned domain, bus, device;
	unsigned pciDeviceId;    /* device << 16 | vendor */
	unsigned pciSubSystemId; /* subdevice << 16 | subvendor */
	char busId[32];
} nvmlPciInfo_t;

typedef struct {
	unsigned version;
	unsigned domain, bus, device;
	unsigned pciDeviceId, pciSubSystemId;
	unsigned baseClass, subClass;
	char busId[32];
} nvmlPciInfoExt_t;

typedef struct {
	unsigned long long total, free, used;
} nvmlMemory_t;

typedef struct {
	unsigned version;
	unsigned long long total, reserved, free, used;
} nvmlMemory_v2_t;

typedef struct {
	unsigned long long bar1Total, bar1Free, bar1Used;
} nvmlBAR1Memory_t;

typedef struct {
	unsigned gpu, memory; /* per cent */
} nvmlUtilization_t;

typedef struct {
	unsigned pid;
	unsigned long long usedGpuMemory;
} nvmlProcessInfo_v1_t;

typedef struct {
	unsigned pid;
	unsigned long long usedGpuMemory;
	unsigned gpuInstanceId, computeInstanceId;
} nvmlProcessInfo_v2_t;
typedef nvmlProcessInfo_v2_t nvmlProcessInfo_t;

typedef struct {
	unsigned pid;
	unsigned long long usedGpuMemory;
	unsigned gpuInstanceId, computeInstanceId;
	unsigned long long usedGpuCcProtectedMemory;
} nvmlProcessDetail_v1_t;

typedef struct {
	unsigned version, mode, numProcArrayEntries;
	nvmlProcessDetail_v1_t *procArray;
} nvmlProcessDetailList_t;

typedef struct {
	unsigned multiprocessorCount;
	unsigned sharedCopyEngineCount, sharedDecoderCount, sharedEncoderCount;
	unsigned sharedJpegCount, sharedOfaCount;
	unsigned gpuInstanceSliceCount, computeInstanceSliceCount; /* from here on: _v2 only */
	unsigned long long memorySizeMB;
} nvmlDeviceAttributes_t;

typedef struct {
	unsigned start, size; /* placement units */
} nvmlGpuInstancePlacement_t;

typedef struct {
	unsigned id, isP2pSupported, sliceCount, instanceCount, multiprocessorCount;
	unsigned copyEngineCount, decoderCount, encoderCount, jpegCount, ofaCount;
	unsigned long long memorySizeMB;
} nvmlGpuInstanceProfileInfo_t;

typedef struct {
	unsigned version;
	unsigned id, isP2pSupported, sliceCount, instanceCount, multiprocessorCount;
	unsigned copyEngineCount, decoderCount, encoderCount, jpegCount, ofaCount;
	unsigned long long memorySizeMB;
	char name[96];
} nvmlGpuInstanceProfileInfo_v2_t;

typedef struct {
	unsigned version;
	unsigned id, sliceCount, instanceCount, multiprocessorCount;
	unsigned copyEngineCount, decoderCount, encoderCount, jpegCount, ofaCount;
	unsigned long long memorySizeMB;
	char name[96];
	unsigned capabilities;
} nvmlGpuInstanceProfileInfo_v3_t;

typedef struct {
	nvmlDevice_t device;
	unsigned id, profileId;
	nvmlGpuInstancePlacement_t placement;
} nvmlGpuInstanceInfo_t;

typedef struct {
	unsigned start, size; /* compute slices of the GPU instance */
} nvmlComputeInstancePlacement_t;

typedef struct {
	unsigned id, sliceCount, instanceCount, multiprocessorCount;
	unsigned sharedCopyEngineCount, sharedDecoderCount, sharedEncoderCount;
	unsigned sharedJpegCount, sharedOfaCount;
} nvmlComputeInstanceProfileInfo_t;

typedef struct {
	unsigned version;
	unsigned id, sliceCount, instanceCount, multiprocessorCount;
	unsigned sharedCopyEngineCount, sharedDecoderCount, sharedEncoderCount;
	unsigned sharedJpegCount, sharedOfaCount;
	char name[96];
} nvmlComputeInstanceProfileInfo_v2_t;

typedef struct {
	unsigned version;
	unsigned id, sliceCount, instanceCount, multiprocessorCount;
	unsigned sharedCopyEngineCount, sharedDecoderCount, sharedEncoderCount;
	unsigned sharedJpegCount, sharedOfaCount;
	char name[96];
	unsigned capabilities;
} nvmlComputeInstanceProfileInfo_v3_t;

typedef struct {
	nvmlDevice_t device;
	nvmlGpuInstance_t gpuInstance;
	unsigned id, profileId;
	nvmlComputeInstancePlacement_t placement; /* _v2 only */
} nvmlComputeInstanceInfo_t;

typedef struct {
	unsigned fieldId, scopeId;
	long long timestamp, latencyUsec;
	nvmlValueType_t valueType;
	nvmlReturn_t nvmlReturn;
	union {
		double dVal;
		int siVal;
		unsigned uiVal;
		unsigned long ulVal;
		unsigned long long ullVal;
		signed long long sllVal;
		unsigned short usVal;
	} value;
} nvmlFieldValue_t;

typedef struct {
	nvmlDevice_t device;
	unsigned long long eventType, eventData;
	unsigned gpuInstanceId, computeInstanceId;
} nvmlEventData_t;

struct nvmlUUID_st {
	unsigned version, type; /* 1: text, 2: 16 bytes */
	union {
		char str[41];
		unsigned char bytes[16];
	} value;
};

struct nvmlTemperature_st {
	unsigned version, sensorType;
	int temperature;
};

struct nvmlGpmSupport_st {
	unsigned version, isSupportedDevice;
};

typedef struct {
	unsigned metricId;
	nvmlReturn_t nvmlReturn;
	double value;
	struct {
		const char *shortName, *longName, *unit;
	} metricInfo;
} nvmlGpmMetric_t;

struct nvmlGpmMetricsGet_st {
	unsigned version, numMetrics;
	nvmlGpmSample_t sample1, sample2;
	nvmlGpmMetric_t metrics[]; /* numMetrics of them: each header has room for more */
};

const char *nvmlErrorString(nvmlReturn_t result);
#define NVML_FN(use, since, name, args) nvmlReturn_t name args;
#include "abi/nvml.def"
#undef NVML_FN

/*
 * The simulator's own exports, by which its callers know it and tell it which machine to
 * be. The real library has none of them.
 */
#define SIM_MARKER_SYMBOL "migctl_sim_marker"
struct migctl_sim_marker {
	unsigned version; /* of this struct: 2 */
	/* Be machine @name of folder @dir from the next nvmlInit on. 0, or an errno value. */
	int (*select)(const char *dir, const char *name);
	/* Of the machine that the library is now; NULL before nvmlInit. */
	const char *(*name)(void);
	const char *(*id)(void);
	int (*is_assumed)(void);
	unsigned (*boot)(void);      /* how often it was started; 0 before nvmlInit */
	const char *(*folder)(void); /* where all that belongs to it is kept */
};

#endif
