"""BERT-base with random weights, forward and backward, with everything on the device."""

import torch
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

from .devices import device_name, devices
from .off_device import explain, find_off_device
from .results import FailedError, Seen
from .settings import Settings

Batch = dict[str, torch.Tensor]

VOCABULARY = 30_522  # of BertConfig
TOLERANCE = 1e-3  # by norm, float32 on the device against float64 on the CPU, through twelve layers
DIFFERS_MEND = "Run the matmul and torch checks: a product or a library is wrong below BERT"
STRAY_MEND = "Move the model once and every batch: model.to(device); tensor = tensor.to(device)"


def check(settings: Settings) -> Seen:
    """Compare the forward pass with float64 on the CPU, then go backward and look at every gradient."""
    device = devices(settings.record)[0]
    model, batch = bert_base(), random_batch()
    reference = _logits(model.double(), batch)
    model, batch = on(device, model.float(), batch)
    refuse_strays(model, batch, device)
    error = _relative_error(_logits(model, batch), reference)
    loss = _train_step(model, batch)
    weights = sum(parameter.numel() for parameter in model.parameters())
    where = f"{weights / 1e6:.0f} M weights on {device_name(device)}"
    return Seen(
        f"{where}, loss {loss:.3f}, forward off by {error:.0e}",
        {"device": str(device), "parameters": weights, "loss": loss, "forward_error": error},
    )


def bert_base(**sizes: int) -> nn.Module:
    """Return BERT-base with a two-class head and random weights; nothing is downloaded."""
    return BertForSequenceClassification(BertConfig.from_dict({"num_labels": 2, **sizes}))


def random_batch() -> Batch:
    """Return two texts of 32 tokens, the second padded to half."""
    mask = torch.ones(2, 32, dtype=torch.long)
    mask[1, 16:] = 0
    ids = torch.randint(0, VOCABULARY, (2, 32))
    return {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor([0, 1])}


def on(device: torch.device, model: nn.Module, batch: Batch) -> tuple[nn.Module, Batch]:
    """Return model and batch on the device."""
    return model.to(device), {name: tensor.to(device) for name, tensor in batch.items()}


def refuse_strays(model: nn.Module, batch: Batch, device: torch.device) -> None:
    """Fail where a parameter, buffer or input is elsewhere."""
    strays = find_off_device(model, batch, device)
    if strays:
        raise FailedError(explain(strays, device), STRAY_MEND)


def _logits(model: nn.Module, batch: Batch) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = model.eval()(**batch).logits
    return logits.cpu()


def _relative_error(found: torch.Tensor, expected: torch.Tensor) -> float:
    error = float((found - expected).norm() / expected.norm())
    if not error <= TOLERANCE:
        raise FailedError(
            f"the forward pass differs from float64's by {error:.1e}, expected at most {TOLERANCE:.0e}",
            DIFFERS_MEND,
        )
    return error


def _train_step(model: nn.Module, batch: Batch) -> float:
    loss: torch.Tensor = model.train()(**batch).loss
    torch.autograd.backward(loss)
    bad = [name for name, parameter in model.named_parameters() if not _sound(parameter.grad)]
    if bad:
        raise FailedError(f"{len(bad)} weights have no finite gradient, first {bad[0]}", DIFFERS_MEND)
    return float(loss.detach())


def _sound(gradient: torch.Tensor | None) -> bool:
    return gradient is not None and bool(torch.isfinite(gradient).all())
