"""What others would build: each peer fits texts with one label each and gives a score for every label."""

import importlib.util
import tempfile
from collections.abc import Callable, Sequence
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from nlp.encoders import load_encoder

Scores = npt.NDArray[np.float64]
SEED = 0


class Peer(Protocol):
    """A text classifier."""

    classes_: npt.NDArray[np.str_]

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Learn."""

    def decision_function(self, texts: Sequence[str]) -> Scores:
        """Scores (n_texts, n_classes); for two classes (n_texts,), high for the second."""


def tfidf_svm() -> Pipeline:
    """The plain way: TF-IDF of words and a linear support vector machine."""
    return make_pipeline(TfidfVectorizer(), LinearSVC(random_state=SEED))


class FrozenE5:
    """Sentence vectors of multilingual-e5-small, untouched, and logistic regression."""

    _encode: Callable[[Sequence[str]], npt.NDArray[np.float32]] | None = None
    _known: dict[str, npt.NDArray[np.float32]] = {}  # noqa: RUF012  -- shared: the same texts come with several labels

    def _vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        if FrozenE5._encode is None:
            FrozenE5._encode = load_encoder("bundled").encode
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, FrozenE5._encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Learn."""
        self._model = LogisticRegression(C=10, max_iter=1_000, random_state=SEED).fit(self._vectors(texts), labels)
        self.classes_ = self._model.classes_
        return self

    def decision_function(self, texts: Sequence[str]) -> Scores:
        """Scores."""
        return self._model.decision_function(self._vectors(texts))


class E5Lstm:
    """The recipe of the published study on LAPOR! reports: frozen E5 token vectors into an LSTM (here of 128 units)."""

    MAX_TOKENS, UNITS, EPOCHS, BATCH = 96, 128, 10, 64
    MAX_ROWS = 4_000  # token vectors of all rows take a quarter of an hour on two cores
    _states: dict[str, npt.NDArray[np.float16]] = {}  # noqa: RUF012

    def _token_states(self, texts: Sequence[str]) -> list[npt.NDArray[np.float16]]:
        import torch
        from tokenizers import Tokenizer

        from nlp import e5

        new = sorted((text for text in dict.fromkeys(texts) if text not in self._states), key=len)
        if new:
            bert = e5.bert(e5.read_source(e5.source_path())).eval()
            tokenizer = Tokenizer.from_file(str(e5.bundled_folder() / "tokenizer.json"))
            tokenizer.enable_truncation(self.MAX_TOKENS)
            tokenizer.enable_padding(pad_id=1, pad_token="<pad>")
            for start in range(0, len(new), 32):
                part = new[start : start + 32]
                rows = tokenizer.encode_batch([f"query: {text}" for text in part])
                mask = torch.tensor([row.attention_mask for row in rows])
                with torch.inference_mode():
                    states = bert(input_ids=torch.tensor([row.ids for row in rows]), attention_mask=mask).last_hidden_state
                for text, state, n in zip(part, states.numpy(), mask.sum(dim=1).tolist(), strict=True):
                    self._states[text] = state[:n].astype(np.float16)
        return [self._states[text] for text in texts]

    def _batches(self, states: list[npt.NDArray[np.float16]], order: Sequence[int]):
        import torch

        for start in range(0, len(order), self.BATCH):
            part = order[start : start + self.BATCH]
            rows = [torch.from_numpy(states[i].astype(np.float32)) for i in part]
            yield part, torch.nn.utils.rnn.pack_sequence(rows, enforce_sorted=False)

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Learn."""
        import torch

        torch.manual_seed(SEED)
        kept = np.random.default_rng(SEED).permutation(len(texts))[: self.MAX_ROWS]
        states = self._token_states(np.asarray(texts, dtype=object)[kept].tolist())
        self.classes_, answers = np.unique(np.asarray(labels)[kept], return_inverse=True)
        self._lstm = torch.nn.LSTM(states[0].shape[1], self.UNITS, batch_first=True)
        self._head = torch.nn.Linear(self.UNITS, len(self.classes_))
        optimiser = torch.optim.Adam([*self._lstm.parameters(), *self._head.parameters()], lr=2e-3)
        draw = np.random.default_rng(SEED)
        for _ in range(self.EPOCHS):
            for part, packed in self._batches(states, draw.permutation(len(states))):
                optimiser.zero_grad()
                loss = torch.nn.functional.cross_entropy(self._head(self._lstm(packed)[1][0][0]), torch.tensor(answers[part]))
                loss.backward()
                optimiser.step()
        return self

    def decision_function(self, texts: Sequence[str]) -> Scores:
        """Scores."""
        import torch

        states = self._token_states(texts)
        with torch.inference_mode():
            parts = [self._head(self._lstm(packed)[1][0][0]).numpy() for _, packed in self._batches(states, range(len(states)))]
        scores = np.concatenate(parts)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores


class SetFit:
    """SetFit (Tunstall et al. 2022): the encoder tuned by contrast on a few messages a label, then logistic regression."""

    PER_LABEL, STEPS, BATCH = 8, 25, 16  # more steps take hours on two cores

    @staticmethod
    def _body(folder: str):
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.models import Pooling, Transformer
        from transformers import PreTrainedTokenizerFast

        from nlp import e5

        e5.bert(e5.read_source(e5.source_path())).save_pretrained(folder)
        tokens = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
        file = str(e5.bundled_folder() / "tokenizer.json")
        PreTrainedTokenizerFast(tokenizer_file=file, **tokens).save_pretrained(folder)
        body = Transformer(folder)
        return SentenceTransformer(modules=[body, Pooling(384)], device="cpu")

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Learn from PER_LABEL messages of each label."""
        from datasets import Dataset
        from setfit import SetFitModel, Trainer, TrainingArguments

        draw = np.random.default_rng(SEED)
        texts, labels = np.asarray(texts, dtype=object), np.asarray(labels)
        picked = np.concatenate([draw.choice(np.flatnonzero(labels == label), self.PER_LABEL) for label in np.unique(labels)])
        with tempfile.TemporaryDirectory() as folder:
            body = self._body(folder)
            body.max_seq_length = 96
            body[0].auto_model.embeddings.requires_grad_(False)  # 96 of 118 million weights, and slow to step
            self._model = SetFitModel(model_body=body, model_head=LogisticRegression(max_iter=1_000, random_state=SEED))
            data = Dataset.from_dict({"text": [f"query: {text}" for text in texts[picked]], "label": labels[picked].tolist()})
            options = TrainingArguments(
                output_dir=folder, batch_size=self.BATCH, max_steps=self.STEPS, seed=SEED, report_to="none", save_strategy="no"
            )
            Trainer(model=self._model, args=options, train_dataset=data).train()
        self.classes_ = self._model.model_head.classes_
        return self

    def decision_function(self, texts: Sequence[str]) -> Scores:
        """Scores."""
        vectors = self._model.model_body.encode([f"query: {text}" for text in texts], show_progress_bar=False)
        return self._model.model_head.decision_function(vectors)


PEERS: dict[str, Callable[[], Peer]] = {
    "TF-IDF + LinearSVC": tfidf_svm,
    "frozen E5 + logistic regression": FrozenE5,
    f"frozen E5 + LSTM, {E5Lstm.MAX_ROWS} rows": E5Lstm,
}
if importlib.util.find_spec("setfit"):  # pip install --constraint constraints.txt setfit
    PEERS[f"SetFit on E5, {SetFit.PER_LABEL} messages a label"] = SetFit
