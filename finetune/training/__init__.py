"""Training: device, precision, optimiser, loop, checkpoints. Knows tasks only through finetune.tasks.base."""
