"""The rows of the public table that come along with the course: `text_encoders_on_devices.csv`, `vision_on_devices.csv` and,
of phones alone, `features_on_phones.csv` of `data/figures`.

    python -m benchmarks.public_excerpt

Nothing is measured here: the pinned table is read, and the rows of a few models are kept.
"""

from benchmarks.pocket_card import public_data
from edgelab.tiers import ai_hub
from edgelab.workspace import data_home, write_atomic

MODELS = {
    "text_encoders_on_devices": (
        "albert_base_v2_hf",
        "bert_base_uncased_hf",
        "distil_bert_base_uncased_hf",
        "electra_bert_base_discrim_google",
        "mobile_bert_uncased_google",
        "nomic_embed_text",
    ),
    "vision_on_devices": ("efficientnet_b0", "mobilenet_v2", "resnet50", "vit", "yolov8_det"),
    "features_on_phones": (
        *(
            "bgnet",
            "convnext_base",
            "convnext_tiny",
            "deeplabv3_plus_mobilenet",
            "efficientformer",
            "efficientnet_v2_s",
        ),
        *("face_det_lite", "foot_track_net", "gear_guard_net", "gpunet", "hrnet_pose", "mediapipe_selfie", "mnasnet05"),
        *("mobile_vit", "mobilenet_v3_large", "rtmpose_body2d", "segformer_base", "sequencer2d", "yamnet", "yolov5"),
        *("yolov7", "yolox"),
    ),
}
# Of this one table: the phones, what one ships to them, in the precisions that several models share.
PHONES_ONLY = "features_on_phones"
RUNTIMES, PRECISIONS = ("onnx", "qnn_dlc", "tflite"), ("float", "w8a16", "w8a8")
FOLLOWS = ["chipset", "tier", "units", "layers", "cpu_share"]  # what `ai_hub.tidy` and `with_device` work out


def main() -> None:
    with public_data():
        rows = ai_hub.table()
    for name, models in MODELS.items():
        kept = rows[rows["model"].isin(models)]
        if name == PHONES_ONLY:
            kept = kept[kept["tier"].isin(ai_hub.TIERS)]
            kept = kept[kept["runtime"].isin(RUNTIMES) & kept["precision"].isin(PRECISIONS)]
        kept = kept.drop(columns=FOLLOWS)
        write_atomic(data_home() / "figures" / f"{name}.csv", kept.to_csv(index=False, lineterminator="\n"))


if __name__ == "__main__":
    main()
