"""The names on which runs, exports and the service agree: what lies where in a folder."""

MODEL = "model"  # in a run: the finished model, in the Hugging Face format
EXPORTS = "exports"  # in a run or model: where finetune export writes, if not told otherwise
FACTS = "finetune.json"  # in a model or export: what must be known to answer
TOKENIZER = "tokenizer.json"
ONNX, TORCHSCRIPT = "model.onnx", "model.pt"  # in an export: the model itself
RECORD = "export.json"  # in an export: what was found when the two were put side by side
