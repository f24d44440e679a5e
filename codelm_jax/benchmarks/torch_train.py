"""The PyTorch side of the training benchmark, a process of its own: the nanoGPT recipe for this architecture.

Fused attention with dropout inside (`scaled_dot_product_attention`), autocast to bfloat16, fused AdamW, eager or under
`torch.compile`. Run as a module it answers JSON requests, one a line, so that its memory and its threads are its own:

    {"do": "setup", "files": DIRECTORY, "mode": "eager", ...}   -> {"parameters": ..., "device": ...}
    {"do": "run", "steps": 3}                                   -> {"seconds": ..., "losses": [...]}
    {"do": "memory"}                                            -> {"bytes": ...}
"""

import contextlib
import json
import math
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from codelm_jax.benchmarks.torch_recipe import Recipe


class Rotary(nn.Module):
    """Half-split rotary position embedding of tensors `[B, H, T, K]`."""

    def __init__(self, length: int, head_dim: int, base: float):
        super().__init__()
        frequencies = base ** (-torch.arange(0, head_dim, 2).float() / head_dim)
        angles = torch.arange(length).float()[:, None] * frequencies
        self.register_buffer("cos", torch.cat([angles.cos()] * 2, -1), persistent=False)
        self.register_buffer("sin", torch.cat([angles.sin()] * 2, -1), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Rotates by each position's angle, in float32."""
        length = x.shape[2]
        first, second = x.float().chunk(2, -1)
        turned = torch.cat([-second, first], -1)
        return (x.float() * self.cos[:length] + turned * self.sin[:length]).to(x.dtype)


class TorchBlock(nn.Module):
    """One pre-norm layer."""

    def __init__(self, recipe: Recipe, rotary: Rotary):
        super().__init__()
        width = recipe.hidden_dim
        self.recipe, self.rotary = recipe, rotary
        self.attention_norm = nn.LayerNorm(width, recipe.norm_epsilon)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.ffn_norm = nn.LayerNorm(width, recipe.norm_epsilon)
        self.up = nn.Linear(width, recipe.ffn_dim, bias=False)
        self.down = nn.Linear(recipe.ffn_dim, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the residual stream after this layer, `[B, T, D]`."""
        batch, length, width = x.shape
        heads, drop = self.recipe.num_heads, self.recipe.residual_dropout
        qkv = self.qkv(self.attention_norm(x)).view(batch, length, 3, heads, width // heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(
            self.rotary(q), self.rotary(k), v, dropout_p=self.recipe.attention_dropout, is_causal=True
        )
        y = self.output(y.transpose(1, 2).reshape(batch, length, width))
        x = x + functional.dropout(y, drop)
        y = functional.dropout(functional.gelu(self.up(self.ffn_norm(x))), drop)
        return x + functional.dropout(self.down(y), drop)


class TorchTransformer(nn.Module):
    """Tokens and targets in, mean smoothed cross-entropy out."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        self.recipe = recipe
        rotary = Rotary(recipe.seq_length, recipe.hidden_dim // recipe.num_heads, recipe.rope_base)
        self.embedding = nn.Embedding(recipe.vocab_size, recipe.hidden_dim)
        self.layers = nn.ModuleList(TorchBlock(recipe, rotary) for _ in range(recipe.num_layers))
        self.final_norm = nn.LayerNorm(recipe.hidden_dim, recipe.norm_epsilon)
        self.head = nn.Linear(recipe.hidden_dim, recipe.vocab_size, bias=False)

    def forward(self, tokens: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Mean loss of int64 tokens and targets `[B, T]`."""
        x = self.embedding(tokens)
        for layer in self.layers:
            x = layer(x)
        logits = self.head(self.final_norm(x))
        return functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), label_smoothing=self.recipe.label_smoothing
        )


class Trainer:
    """The peer, its optimizer and its batches on the device."""

    def __init__(self, recipe: Recipe, files: Path):
        self.recipe = recipe
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_float32_matmul_precision("high" if recipe.dtype == "bfloat16" else "highest")
        torch.manual_seed(0)
        self.model = TorchTransformer(recipe)
        _load(self.model, files / "weights.npz")
        self.model.to(self.device)
        # The very rule of the other side: matrices and embeddings decay, norms do not.
        matrices = [p for p in self.model.parameters() if p.dim() > 1]
        norms = [p for p in self.model.parameters() if p.dim() == 1]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": recipe.weight_decay},
                {"params": norms, "weight_decay": 0.0},
            ],
            lr=recipe.learning_rate,
            betas=(recipe.beta1, recipe.beta2),
            fused=True,
        )
        self.loss = self.model if recipe.mode == "eager" else torch.compile(self.model, mode=recipe.mode)
        windows = np.load(files / "windows.npy").astype(np.int64)
        self.windows = torch.from_numpy(windows).to(self.device)
        self.step = 0

    def run(self, steps: int) -> dict[str, Any]:
        """Takes further steps; nothing is fetched from the device before the last."""
        self._wait()
        start = time.perf_counter()
        losses = [self._one_step() for _ in range(steps)]
        self._wait()
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "losses": [float(loss) for loss in losses]}

    def memory(self) -> int:
        """Most bytes held: on a GPU by tensors, on a CPU by the whole process."""
        if self.device == "cuda":
            return torch.cuda.max_memory_allocated()
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    def _one_step(self) -> torch.Tensor:
        windows = self.windows[self.step % len(self.windows)]
        rate = learning_rate(self.recipe, self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        autocast = (
            torch.autocast(self.device, torch.bfloat16)
            if self.recipe.dtype == "bfloat16"
            else contextlib.nullcontext()
        )
        with autocast:
            loss = self.loss(windows[:, :-1], windows[:, 1:])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.grad_clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return loss.detach().clone()

    def _wait(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up from 0, then cosine decay to the final rate at the last step."""
    warmup = min(recipe.warmup_steps, recipe.max_steps)
    if step < warmup:
        return recipe.learning_rate * step / warmup
    progress = min(1.0, (step - warmup) / max(recipe.max_steps - warmup, 1))
    share = 0.5 * (1.0 + math.cos(math.pi * progress))
    return recipe.final_learning_rate + share * (recipe.learning_rate - recipe.final_learning_rate)


def _load(model: TorchTransformer, path: Path) -> None:
    """Takes weights from flat names with matrices as `[inputs, outputs]`, as JAX has them."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    width = model.recipe.hidden_dim
    for name, parameter in model.named_parameters():
        array = arrays.pop(name)
        if parameter.dim() > 1 and name != "embedding.weight":
            array = array.reshape((-1, width) if name.endswith("output.weight") else (array.shape[0], -1)).T
        parameter.data.copy_(torch.from_numpy(np.ascontiguousarray(array)))
    if arrays:
        raise ValueError(f"weights that the peer has no place for: {sorted(arrays)}")


def main() -> None:
    """Answers requests until standard input ends."""
    # What libraries print must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    trainer = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "setup":
            del trainer  # before the next one takes memory
            trainer = Trainer(Recipe(**request["recipe"]), Path(request["files"]))
            count = sum(p.numel() for p in trainer.model.parameters())
            answer = {"parameters": count, "device": trainer.device, "torch": torch.__version__}
        elif trainer is None:
            answer = {"error": "setup comes first"}
        elif request["do"] == "run":
            answer = trainer.run(request["steps"])
        else:
            answer = {"bytes": trainer.memory()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
