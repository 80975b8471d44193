# A repository beside the project, the same to the last bit wherever it is made.
set -e
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_AUTHOR_DATE='2026-01-01T00:00:00+0000'
export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org GIT_COMMITTER_DATE='2026-01-01T00:00:00+0000'
mkdir -p ../team/layers/model ../team/layers/env && cd ../team
git init --quiet --initial-branch=main .
printf 'defaults: [_card, _self_]\ntrain: {params: {max_iter: 300}}\n' > layers/model/_tabular.yaml
printf 'card: {risk_class: limited}\n' > layers/model/_card.yaml
git add . && git commit --quiet -m one && git tag v1.0
printf 'defaults: [_card, _self_]\ntrain: {params: {max_iter: 500}}\n' > layers/model/_tabular.yaml
printf 'vars: {region: northeurope}\n' > layers/env/_cloud.yaml
git add . && git commit --quiet -m two && git tag v1.2
git rm --quiet layers/env/_cloud.yaml && git commit --quiet -m three && git tag v2.0
