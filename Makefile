# The front door. `make` alone prints the verbs; each is one line.
LAUNCHER := python3 -m launcher
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help up down clean doctor status smoke-test password ssh ssh-config shell logs train bench serve lock test

help: ## Print the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

up: ## Build what is missing, start, wait until healthy
	@$(LAUNCHER) up

down: ## Stop; keep all data
	@$(LAUNCHER) down

clean: ## Delete containers, volumes and image; says what, and asks
	@$(LAUNCHER) clean

doctor: ## Look at this host and explain what is wrong (FORMAT=json)
	@$(LAUNCHER) doctor

status: ## What runs, how it is, how to get in (FORMAT=json)
	@$(LAUNCHER) status

smoke-test: ## Check GPU, torch, Jupyter, SSH and TensorBoard as a person would
	@$(LAUNCHER) smoke-test

password: ## Set Jupyter's password; Jupyter starts anew, which ends its notebooks' kernels
	@$(LAUNCHER) password

ssh: ## Log in over SSH (ARGS='nvidia-smi' runs one command)
	@$(LAUNCHER) ssh $(ARGS)

ssh-config: ## Write one Host block to ~/.ssh/config, for VS Code and scp
	@$(LAUNCHER) ssh-config

shell: ## A shell in the container (ARGS='python -V' runs one command)
	@$(LAUNCHER) shell $(ARGS)

logs: ## Follow the logs
	@$(LAUNCHER) logs

train: ## Fine-tune on news titles (ARGS='--help' shows the options)
	@$(LAUNCHER) shell python /workspace/scripts/train_news.py $(ARGS)

bench: ## Measure training speed beside the tutorials' loop and the stock Trainer
	@$(LAUNCHER) shell python /workspace/benchmarks/training.py $(ARGS)

serve: ## Answer over HTTP with a trained model (MODEL=runs/news)
	@$(LAUNCHER) serve $(MODEL) $(ARGS)

lock: ## Resolve docker/requirements/*.in into hash locks (ARGS=--upgrade renews every pin)
	@$(LAUNCHER) lock $(ARGS)

test: ## Prove the project; installs and starts what it needs
	@python3 tests/run.py
