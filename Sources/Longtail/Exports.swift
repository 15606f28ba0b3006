// One import is enough for those who build upon Longtail: what registries, protocols and their values are made of.
@_exported import Collectives
@_exported import Configuration
@_exported import Datasets
@_exported import Detection
@_exported import Exchange
@_exported import Images
@_exported import Models
@_exported import Networks
@_exported import Objectives
@_exported import Optimizers
@_exported import Recognition
@_exported import Settings
@_exported import Tasks
@_exported import Tensors
@_exported import Training
