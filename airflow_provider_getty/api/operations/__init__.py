"""What one may ask of Getty: each operation is a model of its arguments, and says how it is sent.

Sources: the reference page of ``POST /v3/ai/image-generations/refine`` and, for the dialect *current*, the
AI Generator section of Getty's API reference.
"""

from airflow_provider_getty.api.operations.account import GetHistory, GetHistoryItem, ListProducts
from airflow_provider_getty.api.operations.collecting import (
    GetDownload,
    GetDownloadSizes,
    GetGeneration,
    Redownload,
    StartDownload,
)
from airflow_provider_getty.api.operations.creations import (
    BackgroundGeneration,
    EnhancePrompt,
    Generate,
    InfluenceColor,
    InfluenceComposition,
    Variations,
)
from airflow_provider_getty.api.operations.edits import (
    BackgroundRemoval,
    BackgroundReplacement,
    Extend,
    ObjectRemoval,
    Refine,
)
from airflow_provider_getty.api.operations.files import (
    DeleteRegistration,
    GetRegistration,
    ListRegistrations,
    RegisterFile,
    UploadImage,
)
from airflow_provider_getty.api.operations.generating import (
    GENERATING,
    GeneratingOperation,
    ReferenceGeneration,
)
from airflow_provider_getty.api.operations.operation import Credentials, MovedOperation, Operation

__all__ = [
    "GENERATING",
    "BackgroundGeneration",
    "BackgroundRemoval",
    "BackgroundReplacement",
    "Credentials",
    "DeleteRegistration",
    "EnhancePrompt",
    "Extend",
    "Generate",
    "GeneratingOperation",
    "GetDownload",
    "GetDownloadSizes",
    "GetGeneration",
    "GetHistory",
    "GetHistoryItem",
    "GetRegistration",
    "InfluenceColor",
    "InfluenceComposition",
    "ListProducts",
    "ListRegistrations",
    "MovedOperation",
    "ObjectRemoval",
    "Operation",
    "Redownload",
    "ReferenceGeneration",
    "Refine",
    "RegisterFile",
    "StartDownload",
    "UploadImage",
    "Variations",
]
