#!/usr/bin/env python3
"""Writes family.json: losses, class gradient norms, scales, gradients and state in float64 by PyTorch's autograd.

  python make_family_values.py > family.json

Each case runs `warmUps` steps before the one that is written down, each on other inputs. Inputs are sixteenths made from integers,
exact in float32, and made again by the same formula in `FamilyOracleTests.swift`: two images of eleven pixels, five classes, of which the
last does not occur.
"""
import json
import torch, torch.nn.functional as F

torch.set_default_dtype(torch.float64)
IMAGES, ROWS, C, EPOCH = 2, 11, 5, 2
COUNTS = torch.tensor([4000., 900., 90., 20., 5.])
SHOWN = torch.tensor([10., 6., 3., 2., 0.])  # of 10 images
cases = []


def logits(s):
    return torch.tensor([[((i * 7919 + k * 104729 + i * k * 31 + s * 57) % 97 - 48) / 16 for k in range(C)] for i in range(IMAGES * ROWS)])


def labels(s):
    return torch.tensor([-1 if i in (3, 17) else (0 if i % 3 == 0 else (i * 5 + s) % 4) for i in range(IMAGES * ROWS)])


def one_hot(y):
    return F.one_hot(y.clamp_min(0), C).double() * (y >= 0)[:, None]


def mean(pixels, weights=None):
    """A loss from pixel losses (zero where ignored), as a function that also gives the share of each class."""
    def loss(z, y):
        v = torch.ones(C) if weights is None else weights
        w = v[y.clamp_min(0)] * (y >= 0)
        return w * pixels(z, y) / w.sum()
    return loss


def ce(z, y):
    return F.cross_entropy(z, y, reduction='none', ignore_index=-1)


def focal(z, y):
    return (1 - torch.exp(-ce(z, y))) ** 2 * ce(z, y)


def shifted(offsets):
    return lambda z, y: ce(z + offsets, y)


def adapted(pixels, K, q, detach=False):
    def loss(z, y):
        w = 0.5 * torch.exp(K * (1 - q(z, y)))
        return (w.detach() if detach else w) * pixels(z, y)
    return loss


def likelihood(pixels):
    return lambda z, y: torch.exp(-pixels(z, y))


def ldam(maximum=.5, scale=30.):
    m = COUNTS ** -.25
    m = m / m.max() * maximum
    return lambda z, y: ce(scale * (z - one_hot(y) * m), y)


class Seesaw:
    def __init__(self, p=.8, q=2., weights=None):
        self.p, self.q, self.n = p, q, torch.zeros(C)

    def __call__(self, z, y):
        return mean(self.pixels)(z, y)

    def begin(self, z, y):
        self.n = self.n + one_hot(y).sum(0)

    def pixels(self, z, y):
        n, yv = self.n.clamp_min(1), y.clamp_min(0)
        ratio = n[None, :] / n[yv][:, None]
        S = torch.where(ratio < 1, ratio ** self.p, torch.ones_like(ratio))
        s = z.softmax(-1).detach()
        own = s.gather(1, yv[:, None]).clamp_min(.01)
        S = S * torch.where(s / own > 1, (s / own) ** self.q, torch.ones_like(s))
        S = torch.where(one_hot(yv) > 0, torch.ones_like(S), S)
        return ce(z + S.log(), y)

    def state(self):
        return {'seesaw.counts': self.n.tolist()}


def ohem(threshold, kept, divides='kept'):
    def loss(z, y):
        l = ce(z, y)
        valid = y >= 0
        k = -(-kept * int(valid.sum()) // 1) if kept < 1 else kept * IMAGES
        order = l[valid].sort(descending=True).values
        k = min(int(k), len(order))
        # The library keeps whole bins of 1.6 %: the cases stay clear of them.
        assert k in (0, len(order)) or order[k] < .95 * order[k - 1], (order, k)
        mask = valid & ((torch.exp(-l) < threshold) | (l >= order[k - 1] if k else torch.zeros_like(valid)))
        return mask * l / (mask.sum() if divides == 'kept' else valid.sum())
    return loss


def balanced_sigmoid(total, counts, background=None):
    shown = counts.clamp(.5, total - .5)
    offset = -torch.log((total - shown) / shown)
    def pixels(z, y):
        fg = torch.ones(len(y)) if background is None else (y != background).double()
        b = F.binary_cross_entropy_with_logits(z + fg[:, None] * offset, one_hot(y), reduction='none')
        return b.sum(1) * (y >= 0)
    return pixels


class EQLv2:
    def __init__(self, gamma=12., mu=.8, alpha=4., background=None):
        self.g, self.mu, self.a, self.background = gamma, mu, alpha, background
        self.pos, self.neg, self.first = torch.zeros(C), torch.zeros(C), True

    def weights(self, y):
        neg = torch.ones(C) if self.first else torch.sigmoid(self.g * (self.pos / (self.neg + 1e-10) - self.mu))
        pos = torch.ones(C) if self.first else 1 + self.a * (1 - neg)
        if self.background is not None:
            neg[self.background] = pos[self.background] = 1
        t = one_hot(y)
        return t, pos * t + neg * (1 - t)

    def __call__(self, z, y):
        t, w = self.weights(y)
        b = F.binary_cross_entropy_with_logits(z, t, reduction='none')
        return ((y >= 0)[:, None] * b * w).sum(1) / (y >= 0).sum()

    def end(self, z, y):
        t, w = self.weights(y)
        g = (torch.sigmoid(z) - t).abs() * w * (y >= 0)[:, None]
        self.pos, self.neg, self.first = self.pos + (g * t).sum(0), self.neg + (g * (1 - t)).sum(0), False

    def state(self):
        return {'eqlv2.positiveGradients': self.pos.tolist(), 'eqlv2.negativeGradients': self.neg.tolist()}


def dice(extent='image', members='all', smooth=1., exponent=2):
    def region(z, y):
        p, t, v = z.softmax(-1), one_hot(y), (y >= 0)[:, None]
        I, P, Y = (p * t).sum(0), (p ** exponent * v).sum(0), t.sum(0)
        d = 1 - (2 * I + smooth) / (P + Y + smooth)
        return d.mean() if members == 'all' else d[Y > 0].mean()
    def loss(z, y):
        if extent == 'batch':
            return region(z, y)
        return sum(region(z[i * ROWS:(i + 1) * ROWS], y[i * ROWS:(i + 1) * ROWS]) for i in range(IMAGES)) / IMAGES
    return loss


def lovasz(members='present'):
    def loss(z, y):
        total = 0
        for n in range(IMAGES):
            part = slice(n * ROWS, (n + 1) * ROWS)
            valid = y[part] >= 0
            p, t = z[part].softmax(-1)[valid], y[part][valid]
            values = []
            for k in range(C):
                fg = (t == k).double()
                if fg.sum() == 0 and members == 'present':
                    continue
                e, order = (fg - p[:, k]).abs().sort(descending=True, stable=True)
                f = fg[order]
                jaccard = 1 - (f.sum() - f.cumsum(0)) / (f.sum() + (1 - f).cumsum(0))
                step = torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
                values.append((e * step).sum())
            total = total + torch.stack(values).mean()
        return total / IMAGES
    return loss


def total(*parts):
    return lambda z, y: sum(w * f(z, y).sum() for w, f in parts)


def case(name, settings, loss, warm_ups=0, target=None, maximum=20.):
    for s in range(warm_ups + 1):
        z, y = logits(s).requires_grad_(), labels(s)
        if hasattr(loss, 'begin'):
            loss.begin(z.detach(), y)
        value = loss(z, y)
        g, = torch.autograd.grad(value.sum(), z)
        if hasattr(loss, 'end'):
            loss.end(z.detach(), y)
    G = torch.stack([g[y == k].norm() for k in range(C)])
    scale = torch.ones(C)
    if target == 'rootMeanSquare':
        scale = torch.where(G > 0, (G.norm() / (G > 0).sum().sqrt() / G.clamp_min(1e-300)).clamp(max=maximum), 0 * G)
    gradient = g * (scale[y.clamp_min(0)] * (y >= 0))[:, None]
    digits = lambda t: [float(f'{x:.9g}') for x in t.flatten().tolist()]
    cases.append(dict(
        name=name, settings=settings, warmUps=warm_ups, loss=float(f'{value.sum().item():.12g}'), norms=digits(G), scales=digits(scale),
        gradient=digits(gradient), state=loss.state() if hasattr(loss, 'state') else {}))


logn = COUNTS.log()
cb = (1 - .9999) / (1 - .9999 ** COUNTS)
cb = cb / cb.sum() * C
case('crossEntropy', {'adaptation': 3}, mean(adapted(ce, 3., likelihood(ce))))
case('crossEntropy', {'adaptation': 'classes', 'detachAdaptation': True}, mean(adapted(ce, 5., likelihood(ce), True)))
case('crossEntropy', {'adaptation': 1, 'homogenization': 'rootMeanSquare'}, mean(adapted(ce, 1., likelihood(ce))), target='rootMeanSquare')
case('focal', {'adaptation': 2}, mean(adapted(focal, 2., likelihood(ce))))
case('balancedSoftmax', {'adaptation': 1.5}, mean(adapted(shifted(logn), 1.5, likelihood(shifted(logn)))))
case('classBalanced', {'adaptation': 1}, mean(adapted(ce, 1., likelihood(ce)), cb))
case('logitAdjustment', {'form': 'postHoc', 'temperature': .7}, mean(ce))
case('deferredReweighting', {}, mean(ce))
case('deferredReweighting', {'fromEpoch': EPOCH}, mean(ce, cb))
case('deferredReweighting', {'fromEpoch': EPOCH + 1}, mean(ce))
case('ldam', {}, mean(ldam()))
case('ldam', {'maximumMargin': .8, 'scale': 1}, mean(ldam(.8, 1.)))
case('ldam', {'scale': 2, 'reweighting': 'deferred', 'fromEpoch': 1}, mean(ldam(scale=2.), cb))
case('seesaw', {}, Seesaw())
case('seesaw', {}, Seesaw(), warm_ups=3)
case('seesaw', {'p': .3, 'q': .5, 'homogenization': 'rootMeanSquare'}, Seesaw(.3, .5), warm_ups=1, target='rootMeanSquare')
case('ohem', {}, ohem(.7, .0625))
case('ohem', {'threshold': 0, 'minimumKept': 0.35}, ohem(0, .35))
case('ohem', {'threshold': .02, 'minimumKept': 6, 'denominator': 'valid'}, ohem(.02, 6, 'valid'))
case('ohem', {'threshold': .5, 'minimumKept': 100}, ohem(.5, 100))
case('balancedSigmoid', {}, mean(balanced_sigmoid(10., SHOWN)))
case('balancedSigmoid', {'frequency': 'pixels', 'background': 0}, mean(balanced_sigmoid(COUNTS.sum(), COUNTS, 0)))
case('balancedSigmoid', {'homogenization': 'rootMeanSquare'}, mean(balanced_sigmoid(10., SHOWN)), target='rootMeanSquare')
case('eqlv2', {}, EQLv2())
case('eqlv2', {}, EQLv2(), warm_ups=2)
case('eqlv2', {'gamma': 4, 'mu': .5, 'alpha': 2, 'background': 1}, EQLv2(4., .5, 2., 1), warm_ups=2)
case('dice', {}, dice())
case('dice', {'classes': 'present', 'smooth': .5}, dice(members='present', smooth=.5))
case('dice', {'extent': 'batch'}, dice('batch'))
case('dice', {'extent': 'batch', 'classes': 'present', 'exponent': 1, 'smooth': 0}, dice('batch', 'present', 0., 1))
case('lovaszSoftmax', {}, lovasz())
case('lovaszSoftmax', {'classes': 'all'}, lovasz('all'))
case('weightedSum', {}, total((1., mean(ce)), (1., dice())))
case('weightedSum', {'terms': 'crossEntropy:0.25, lovaszSoftmax:2'}, total((.25, mean(ce)), (2., lovasz())))
case('weightedSum', {'terms': [{'name': 'classBalanced', 'weight': .5}, {'name': 'dice', 'weight': 3, 'settings': {'extent': 'batch'}}],
                     'homogenization': 'rootMeanSquare', 'maximumScale': 1.5},
     total((.5, mean(ce, cb)), (3., dice('batch'))), target='rootMeanSquare', maximum=1.5)
case('weightedSum', {'terms': {'ohem': 2, 'dice': {'weight': .5, 'classes': 'present'}, 'eqlv2': 1}},
     total((.5, dice(members='present')), (1., EQLv2()), (2., ohem(.7, .0625))))
print('[\n' + ',\n'.join(json.dumps(c) for c in cases) + '\n]')
